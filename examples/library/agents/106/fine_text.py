"""Sentences about fines."""

from lendery.fines import CAP_CENTS, DAILY_CENTS, charged_days
from lendery.formatting import money


def late_words(days: int) -> str:
    if days == 1:
        return "1 day late"
    if days == 7:
        return "7 days (a week) late"
    if days > 7 and days % 7 == 0:
        return f"{days} days ({days // 7} weeks) late"
    return f"{days} days late"


def free_words(days: int, grace_days: int) -> str:
    if grace_days == 0:
        return ""
    if grace_days >= days and days == 1:
        return ", free"
    if grace_days >= days and days > 1:
        return ", all free"
    if grace_days == 1:
        return ", the first is free"
    return f", the first {grace_days} are free"


def charged_words(charged: int, grace_days: int) -> str:
    if charged == 0:
        return ""
    if charged == 1 and grace_days > 0:
        return f": 1 day at {money(DAILY_CENTS)}"
    if charged == 1 and grace_days == 0:
        return f": {money(DAILY_CENTS)}"
    if charged > 1 and grace_days > 0:
        return f": {charged} days at {money(DAILY_CENTS)} each"
    return f": each at {money(DAILY_CENTS)}"


def cap_words(days: int, grace_days: int) -> str:
    if grace_days == 0 and days * DAILY_CENTS > CAP_CENTS:
        return f", at most {money(CAP_CENTS)}"
    if grace_days > 0 and days > grace_days and (days - grace_days) * DAILY_CENTS > CAP_CENTS:
        return f", at most {money(CAP_CENTS)}"
    return ""


def explain(days: int, grace_days: int = 0) -> str:
    if days == 0:
        return "in time, thank you"
    text = late_words(days)
    if grace_days > 0:
        text += free_words(days, grace_days)
    charged = charged_days(days, grace_days)
    if charged > 0:
        text += charged_words(charged, grace_days)
        text += cap_words(days, grace_days)
    return text
