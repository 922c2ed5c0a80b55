"""The words with which tickets ask for something that people decide, by trigger and case."""

import re

from ci_factory.model.attempt import Trigger

_DO = (
    r"(?:add|introduce|create|implement|provide|support|allow|enable|disable|change|replace|remove|drop|delete|switch|move|use"
    r"|adopt|require|enforce|rotate|store|save|keep|record|collect|grant|revoke|bypass|skip|relax|tighten|restrict|protect|check"
    r"|sign|encrypt|decrypt|hash|extract|split|set up|make|let|put|build|deploy|run|expose|open|log|export|send|share|migrate|rewrite|rework|extend|swap)"
)
_GAP = r"[\s,(]+(?:(?!(?:when|if|that|while|whether|unless|because|which|who|after|before)\b)[^\s,(]{1,40}[\s,(]+){0,6}?"
_TO_PERSONS = r"(?:add|store|save|keep|record|collect|log|export|send|share|ask|delete|remove|erase|anonymi[sz]e|import|publish|show strangers)"
_NOT_LOOKS = (
    r"(?!\W+(?:button|page|form|screen|dialog|title|label|text|wording|messages?|link|icon|colou?r|layout|help|hint|placeholder"
    r"|tests?|docs?|documentation|typos?|spinner|logo|heading|field width|tooltip|fixtures?|error text|css|styles?)\b)"
)


def _wish(what: str, tail: str = "") -> re.Pattern[str]:
    """A verb that asks for something, and within a few words what it is about."""
    return re.compile(rf"\b{_DO}\b{_GAP}(?:{what})\b{tail}", re.IGNORECASE)


def said(words: str) -> re.Pattern[str]:
    """What stands there as it is, at the beginning of a word."""
    return re.compile(rf"\b(?:{words})", re.IGNORECASE)


_PERSONAL = (
    r"personal(?:ly identifiable)? (?:data|information)|dates? of birth|birth ?dates?|birthdays?|social security numbers?|passport numbers?"
    r"|(?:home|postal|ip|e-?mail) address(?:es)?|phone numbers?|health (?:data|records)|credit card numbers?|tax ids?|ibans?"
)
PATTERNS: tuple[tuple[Trigger, str, str, tuple[re.Pattern[str], ...]], ...] = (
    (
        Trigger.ARCHITECTURE,
        "new-dependency",
        "a new dependency",
        (
            _wish(
                r"(?<!existing )(?<!present )(?<!current )(?:new |third-party |external |extra |runtime )*dependenc(?:y|ies)(?!\W+(?:graph|list|order|check))"
            ),
            _wish(r"(?:new|third-party|external|open-source) (?:\w+ )?(?:library|package|framework)"),
            said(r"(?:pull|bring) in (?:a|an|the)\b.{0,30}\b(?:library|package|framework)\b"),
            said(r"from (?:PyPI|npm|crates\.io|Maven Central|Packagist)\b"),
        ),
    ),
    (
        Trigger.ARCHITECTURE,
        "new-service",
        "a new service",
        (
            _wish(
                r"(?:new|separate|own|another|second|dedicated|standalone|background) (?:\w+[ -])?(?:micro-?service|service|worker|daemon|container|server|deployment|process)"
            ),
            _wish(
                r"message (?:queue|broker)|redis|rabbitmq|kafka|memcached|elasticsearch|opensearch|celery|postgres(?:ql)?|mysql|mongodb|event bus|micro-?services?|task queue|api gateway|reverse proxy|sidecar|kubernetes|helm chart|docker image|dockerfile|terraform"
            ),
        ),
    ),
    (
        Trigger.ARCHITECTURE,
        "schema",
        "a schema change",
        (
            _wish(r"(?:database |db |data |sql )schema"),
            said(r"(?:add|create|introduce)\b.{0,20}?\btables?\b.{0,50}?\b(?:database|schema|sql)\b"),
            said(
                r"(?:add|drop|remove|rename|alter|create|introduce|split)\b.{0,60}?\b(?:(?:database|db|sql|join) (?:table|column|index|view)|nullable column|foreign key|unique constraint)"
            ),
            said(
                r"(?:add|drop|remove|rename|alter|widen)\b.{0,40}?\bcolumns?\b.{0,40}?\b(?:to|from|of|on|in) (?:the )?(?:(?:\w+ )?(?:database|schema)|(?:CODE|\w+) table(?! (?:of|on|in|view)))"
            ),
        ),
    ),
    (
        Trigger.ARCHITECTURE,
        "boundary",
        "another shape of the system",
        (
            said(
                r"(?:re-?architect|redesign)\w*\b.{0,60}?\b(?:module|package|layer|system|core|service|architecture)s?"
            ),
            said(
                r"(?:split|extract|move|merge|turn)\b.{0,60}?\b(?:into|to) (?:a|its|their|one|two|three|separate)?\s?(?:own |new |separate |shared |common )(?:packages?|modules?|librar(?:y|ies)|repositor(?:y|ies)|layers?)"
            ),
        ),
    ),
    (
        Trigger.SECURITY,
        "access",
        "who may do what",
        (
            _wish(
                r"authenticat\w+|authori[sz]\w+|log-?ins?|sign-?ins?|single sign-on|sso|oauth2?|openid(?: connect)?|oidc|saml|jwts?"
                r"|2fa|mfa|two-factor|access control|acls?|rbac|permissions?(?: checks?)?|(?:user|admin|staff) roles?|user accounts?|api keys?|(?:access|api|auth|refresh|bearer|reset) tokens?"
                r"|(?:user |login )sessions?|session (?:cookies?|timeouts?|lifetimes?|expiry)|impersonat\w+",
                _NOT_LOOKS,
            ),
            said(
                r"only (?:the )?(?:\w+ )?(?:admins?|administrators?|staff|owners?|managers?|librarians?|members?|editors?) (?:can|may|should|must|are allowed)"
            ),
            said(
                r"(?:giv|grant)\w*\b.{0,40}?\b(?:(?:admin|staff|owner|editor|user) (?:role|rights?|access)|permissions?|write access)\b"
            ),
            said(
                r"(?:can|may|must|should) only be \w+ by (?:the )?(?:\w+ )?(?:admins?|administrators?|staff|owners?|managers?)"
            ),
            said(
                r"(?:let|allow)\b.{0,40}?\b(?:without (?:a )?(?:password|log-?ging in|login|signing in)|log in|sign in)"
            ),
        ),
    ),
    (
        Trigger.SECURITY,
        "crypto",
        "cryptography",
        (
            said(r"(?:encrypt|decrypt)\b(?! \w+ (?:button|page|test))"),
            _wish(
                r"encryption|cryptograph\w+|password hash\w*|(?:password|token) salts?|(?:tls|ssl)(?: certificates?| verification)?|certificate (?:verification|checks?|pinning)|bcrypt|argon2\w*|scrypt|hmac\w*|digital signatures?|signing keys?",
                _NOT_LOOKS,
            ),
            said(r"(?:hash|sign|salt)\b.{0,30}?\b(?:passwords?|tokens?|pins?|cookies?|requests|webhooks?)"),
        ),
    ),
    (
        Trigger.SECURITY,
        "secrets",
        "secrets",
        (
            _wish(
                r"passwords?|credentials?|private keys?|client secrets?|secrets?(?: store| manager)?|vault",
                _NOT_LOOKS,
            ),
            said(r"from (?:a |the |our )?(?:vault|key vault|secrets? (?:manager|store))\b"),
        ),
    ),
    (
        Trigger.SECURITY,
        "protection",
        "a protection",
        (
            _wish(
                r"csrf(?: protection| checks?| tokens?)?|cors(?: headers?| policy)?|content security policy|csp|rate limit\w* (?:of|on|for) (?:the )?log-?ins?|same-?site|sandbox\w*",
                _NOT_LOOKS,
            ),
        ),
    ),
    (
        Trigger.DATA,
        "personal",
        "personal data",
        (
            re.compile(rf"\b{_TO_PERSONS}\b{_GAP}(?:{_PERSONAL})\b", re.IGNORECASE),
            said(r"gdpr\b|data protection (?:law|rules|officer)|right to be forgotten|data subject"),
        ),
    ),
    (
        Trigger.DATA,
        "retention",
        "how long data is kept",
        (
            said(r"(?:data |log )?retention (?:period|policy|time|rules?)|retention\b"),
            said(
                r"(?:delete|purge|remove|anonymi[sz]e|erase|prune|archive)\b(?!.{0,40}\b(?:cache|temp|temporary|tmp|build|artifacts?)\b).{0,60}?\b(?:older than|after \w+ (?:days|weeks|months|years)|(?:inactive|old|expired|former) (?:users?|members?|accounts?|customers?|records?|loans?|orders?|logs?|rows))"
            ),
            said(
                r"keep\b.{0,40}?\b(?:records?|data|logs?|history|invoices?)\b.{0,20}?\bfor (?:at (?:least|most) )?\w+ (?:days|months|years)"
            ),
        ),
    ),
    (
        Trigger.DATA,
        "migration",
        "stored data",
        (
            said(
                r"migrat(?:e|ing|ion of)\b.{0,60}?\b(?:data|rows|records|tables?|database|users|accounts|members|orders|files? on disk|storage|entries)\b"
            ),
            said(r"(?:data|database|schema|sql) migrations?\b(?! (?:guide|docs|manual|chapter|page))"),
            said(r"back-?fill\b"),
            said(
                r"(?:delete|drop|truncate|wipe|purge|convert|rewrite)\b.{0,40}?\b(?:all|existing|stored|every|the|legacy|\w+) (?:\w+ )?(?:rows|records|tables?|columns?|database entries)\b(?! (?:view|header|widths?|of the report))"
            ),
        ),
    ),
    (
        Trigger.DATA,
        "backup",
        "backups",
        (
            re.compile(rf"\b{_DO}\b{_GAP}(?:\w+ )?back-?ups?\b{_NOT_LOOKS}", re.IGNORECASE),
            said(r"restore\b.{0,30}?\bfrom (?:a |the )?(?:\w+ )?(?:backup|dump|snapshot)"),
        ),
    ),
    (
        Trigger.COMPATIBILITY,
        "public-api",
        "what others rely on",
        (
            said(r"(?:expose|publish|open|create|add|extend|change)\b.{0,20}?\bpublic (?:\w+ )?api\b"),
            said(
                r"breaking change|break(?:s|ing)? (?:the )?(?:backwards? )?compatib|backwards?[- ]incompatib"
            ),
            said(
                r"(?:rename|renaming)\b(?!.{0,50}\b(?:private|internal|local|helper|test|variable named)\b).{0,60}?\b(?:functions?|methods?|class(?:es)?|parameters?|arguments?|options?|flags?|endpoints?|(?:sub)?commands?|events?|headers?|public \w+|environment variables?)\b"
            ),
            said(
                r"(?:remove|drop|delete|retire)\b(?!.{0,50}\b(?:private|internal|local|helper|test|unused|dead|debug)\b).{0,60}?\b(?:endpoints?|public \w+|command[- ]line options?|options?|flags?|(?:sub)?commands?|api|functions? \w+ from|environment variables?)\b"
            ),
            said(
                r"change\b.{0,50}?\b(?:signature|return (?:type|value)|response (?:format|body|shape)|public (?:api|interface)|wire format|api version)\b"
            ),
            said(
                r"rename\b.{0,60}?\b(?:fields?|keys?|properties|attributes?)\b.{0,30}?\b(?:in|of) (?:the |our )?(?:\w+ )?(?:api|response|json|payload)\b"
            ),
            said(
                r"(?:api|endpoint|response|payload)\b.{0,40}?\b(?:return|use|have|send)s?\b(?=.{0,60}?\b(?:instead of|in place of|rather than)\b)"
            ),
            said(r"(?:a |an |the )?new major version of (?:the|our) (?:api|library|package)"),
        ),
    ),
    (
        Trigger.COMPATIBILITY,
        "deprecation",
        "a deprecation",
        (said(r"deprecate\b|mark\b.{0,40}?\bas deprecated"),),
    ),
    (
        Trigger.COMPATIBILITY,
        "config-format",
        "a configuration format",
        (
            said(
                r"(?:change|replace|rename|remove|drop|move|restructure|switch|convert)\b.{0,60}?\b(?:config(?:uration)?|settings) (?:file )?(?:format|keys?|schema|options?|syntax|layout)\b"
            ),
            said(r"(?:rename|remove|drop)\b.{0,40}?\b(?:setting|config(?:uration)? key)s?\b"),
            said(
                r"(?:config(?:uration)?|settings)\b.{0,30}?\bfrom (?:ini|json|yaml|toml|xml) to (?:ini|json|yaml|toml|xml)\b"
            ),
        ),
    ),
    (
        Trigger.COMPATIBILITY,
        "support",
        "what is supported",
        (
            said(r"(?:drop|end|remove|stop)\w*\b.{0,20}?\bsupport(?:ing)? (?:for |of )?"),
            said(r"raise the minimum \w+ version"),
        ),
    ),
)
