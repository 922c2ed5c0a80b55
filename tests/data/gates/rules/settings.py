"""A settings file of Django, where one more rule looks."""

import os

# ruleid: django-debug-on
DEBUG = True
# ok: django-debug-on
DEBUG = os.environ.get("DEBUG") == "1"
