"""Who may do what, cryptography and secrets in a change: by path, and by lines that matter wherever they are."""

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from ci_factory.model.attempt import Trigger
from ci_factory.work.triggers.change import Change, ChangedFile, Line, is_aside
from ci_factory.work.triggers.signal import Signal

_AREA = frozenset(
    (
        "auth",
        "authn",
        "authz",
        "authentication",
        "authorization",
        "authorisation",
        "login",
        "logins",
        "signin",
        "session",
        "sessions",
        "permission",
        "permissions",
        "rbac",
        "acl",
        "policy_enforcement",
        "crypto",
        "cryptography",
        "encryption",
        "jwt",
        "oauth",
        "oauth2",
        "oidc",
        "saml",
        "sso",
        "password",
        "passwords",
        "passwd",
        "secrets",
        "credentials",
        "keystore",
        "csrf",
        "cors",
        "tls",
        "mfa",
        "totp",
        "otp",
    )
)
"""Words of a path that mean the thing itself; `token` alone is as often one of a parser."""
_SECRET_FILE = re.compile(
    r"\.env(?:\..+)?|.+\.(?:pem|key|p12|pfx|jks|keystore)|id_(?:rsa|ed25519|ecdsa)|sudoers.*|\.htpasswd"
)
_HARMLESS_ENV = re.compile(r"\.env\.(?:example|sample|template|dist|test)")
_ACCESS = re.compile(
    r"@(?:\w+\.)*(?:login_required|permission_required|user_passes_test|requires?_auth\w*|jwt_required|roles?_required"
    r"|require_role|staff_member_required|require_permissions?|PreAuthorize|Secured|RolesAllowed)\b"
    r"|\bpermission_classes\b|\bauthentication_classes\b|\bAllowAny\b|\bIsAuthenticated\b|\b(?:user|current_user)\.has_perm\("
    r"|\bauthorize!?\(|\bauthenticate_user!|\bskip_before_action\s+:authenticate|\bpassport\.(?:use|authenticate)\("
    r"|\bis_(?:admin|superuser|staff)\b|\bos\.set(?:e?uid|e?gid|reuid)\(|\bsyscall\.Setuid\("
)
_CRYPTO = re.compile(
    r"\bverify(?:_ssl|_mode)?\s*[=:]\s*False\b|\bcheck_hostname\s*=|\bCERT_NONE\b|_create_unverified_context"
    r"|\brejectUnauthorized\b|\bInsecureSkipVerify\b|\bjwt\.(?:decode|encode|sign|verify)\(|\bbcrypt\.|\bargon2\b|\bPasswordHasher\("
    r"|\bpbkdf2_hmac\(|\bhashlib\.scrypt\(|\bFernet\(|\bAES\.new\(|\bhmac\.(?:new|digest|compare_digest)\("
    r"|\bcreate(?:Cipheriv|Decipheriv|Hmac)\(|\bCipher\.getInstance\(|\bMessageDigest\.getInstance\(|\bssl\.(?:SSLContext|PROTOCOL_\w+)"
    r"|\bset_password\(|\bcheck_password\(|\bmake_password\("
)
_HASH = re.compile(r"\bhashlib\.\w+\(|\bcreateHash\(|\bDigest::|\bsha(?:1|256|512)\(|\bmd5\(", re.IGNORECASE)
_SECRET_WORD = re.compile(r"passw|secret|token|credential|signature|\bpin\b", re.IGNORECASE)
_WEB = re.compile(
    r"csrf_exempt|CsrfViewMiddleware|skip_forgery_protection|Access-Control-Allow-Origin|\ballow_origins\b|\bCORS_\w+|\bCORS\("
    r"|\bSESSION_COOKIE_\w+|\bCSRF_\w+\s*=|\bhttponly\s*=|\bhttpOnly\s*:|\bsamesite\s*[=:]|Content-Security-Policy|contentSecurityPolicy|\bhelmet\(|\bX-Frame-Options\b",
    re.IGNORECASE,
)
_RIGHTS = re.compile(
    r"\bchmod\(.*0o?777|\bchmod\s+777\b|\bNOPASSWD\b|\bprivileged:\s*true\b|\bsecurityContext\b"
)


def security(change: Change) -> Iterator[Signal]:
    """At most one signal a file: the most telling line of it."""
    for file in change.files:
        if not is_aside(file.path):
            found = _secret_file(file) or (_in_code(file) if file.is_code else _in_settings(file))
            if found is not None:
                yield found


def is_area(path: str) -> bool:
    """Whether a path names authentication, access control, cryptography or secrets."""
    place = PurePosixPath(path)
    words = {word for part in (*place.parts[:-1], place.stem) for word in re.split(r"[_.-]", _snake(part))}
    return not words.isdisjoint(_AREA)


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def _secret_file(file: ChangedFile) -> Signal | None:
    if not _SECRET_FILE.fullmatch(file.name) or _HARMLESS_ENV.fullmatch(file.name):
        return None
    return Signal(Trigger.SECURITY, "secrets", "touches a file of secrets", file.path, 1)


def _in_code(file: ChangedFile) -> Signal | None:
    for line in (*file.removed, *file.added):
        if kind := _kind(file, line):
            what = {"access": "changes who may do what", "crypto": "changes cryptography or its checks"}
            return Signal(
                Trigger.SECURITY, kind, what.get(kind, "changes a protection"), file.path, line.number
            )
    first = (file.first_code or _whole(file)) if is_area(file.path) else None
    if first is not None:
        return Signal(Trigger.SECURITY, "access", "changes code of a security area", file.path, first.number)
    return None


def _whole(file: ChangedFile) -> Line | None:
    """A file that goes, or moves, with all that it protected."""
    return Line(1, "") if file.gone or file.old_path else None


def _kind(file: ChangedFile, line: Line) -> str | None:
    if _ACCESS.search(line.code):
        return "access"
    if _CRYPTO.search(line.code) or (_HASH.search(line.code) and _speaks_of_secrets(file, line)):
        return "crypto"
    return "protection" if _WEB.search(line.uncommented) or _RIGHTS.search(line.uncommented) else None


def _speaks_of_secrets(file: ChangedFile, line: Line) -> bool:
    """A digest for a cache is none of security's; the line or those beside it tell."""
    lines = ((file.after if line in file.added else file.before) or "").splitlines()
    around = lines[max(0, line.number - 4) : line.number + 2]
    return is_area(file.path) or any(_SECRET_WORD.search(text) for text in around)


def _in_settings(file: ChangedFile) -> Signal | None:
    for line in (*file.removed, *file.added):
        if _WEB.search(line.uncommented) or _RIGHTS.search(line.uncommented):
            return Signal(Trigger.SECURITY, "protection", "changes a protection", file.path, line.number)
    return None
