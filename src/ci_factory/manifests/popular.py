"""Much-used names of the large indexes: what look-alike names are made to look like. Not a list of what is good."""

from ci_factory.manifests.model import Ecosystem

_PYPI = """
    absl-py aiobotocore aiofiles aiohttp alembic altair annotated-types ansible anthropic anyio apache-airflow arrow asgiref asn1crypto asttokens
    async-timeout asyncpg attrs authlib awscli azure-core azure-identity babel bandit bcrypt beautifulsoup4 billiard bitarray black bleach blinker
    boltons boto boto3 botocore bottle build cachetools celery certifi cffi chardet charset-normalizer cherrypy click cloudpickle colorama
    coloredlogs configargparse coverage croniter cryptography cython dash dask databricks-cli dateparser decorator defusedxml deprecated
    dill discord-py distlib distro django django-cors-headers django-environ django-extensions django-filter djangorestframework dnspython
    docker docker-compose docopt docutils dulwich elasticsearch email-validator et-xmlfile eventlet execnet factory-boy faker falcon fastapi
    fastavro fabric filelock flake8 flask flask-cors flask-login flask-sqlalchemy flask-wtf fonttools freezegun frozenlist fsspec future
    gensim gevent gitpython google-api-core google-api-python-client google-auth google-cloud-storage googleapis-common-protos graphene
    graphviz greenlet grpcio grpcio-tools gspread gunicorn h11 h2 html5lib httpcore httplib2 httptools httpx huggingface-hub humanize hypothesis
    idna imageio importlib-metadata importlib-resources iniconfig invoke ipykernel ipython isodate isort itsdangerous jaraco-classes jedi jinja
    jinja2 jmespath joblib jsonpatch jsonpath-ng jsonpointer jsonschema jupyter jupyterlab keras keyring kombu kubernetes langchain lark libclang
    lightgbm lightning litellm llvmlite locust loguru lxml mako mando markdown markdown-it-py markupsafe marshmallow matplotlib mccabe mistune
    mlflow mock moto mongoengine more-itertools motor msal msgpack multidict mypy mypy-extensions mysql-connector-python mysqlclient nats-py
    natsort nbconvert nbformat nest-asyncio networkx nltk nose notebook numba numpy oauthlib openai opencv-python openpyxl opentelemetry-api
    opentelemetry-sdk oracledb orjson packaging pandas parameterized paramiko parso pathlib2 pathspec peewee pendulum pexpect pika pillow
    pip pipenv pip-tools platformdirs playwright plotly pluggy ply poetry polars pre-commit prettytable prometheus-client prompt-toolkit
    protobuf psutil psycopg psycopg2 psycopg2-binary py pyarrow pyasn1 pyasn1-modules pycodestyle pycparser pycryptodome pycryptodomex pycurl pydantic
    pydantic-core pydantic-settings pydocstyle pydot pyflakes pygithub pygments pyinstaller pyjwt pylint pymongo pymssql pymysql pynacl pyodbc
    pyopenssl pyparsing pypdf pypdf2 pyperclip pyqt5 pyramid pyrsistent pyserial pysocks pyspark pytest pytest-asyncio pytest-cov pytest-django
    pytest-mock pytest-timeout pytest-xdist python-dateutil python-decouple python-dotenv python-gitlab python-jose python-json-logger
    python-magic python-multipart python-slugify python-telegram-bot pytz pywin32 pyyaml pyzmq radon ray redis regex reportlab requests
    requests-mock requests-oauthlib requests-toolbelt responses rfc3986 rich rsa ruamel-yaml ruff s3fs s3transfer sanic scapy scikit-image
    scikit-learn scipy scrapy seaborn selenium semgrep semver sentry-sdk setproctitle setuptools setuptools-scm shapely shellingham simplejson
    six slack-sdk smmap sniffio snowflake-connector-python sortedcontainers soupsieve spacy sphinx sqlalchemy sqlmodel sqlparse sshtunnel
    starlette stripe structlog supervisor sympy tables tabulate telethon tenacity tensorboard tensorflow termcolor testcontainers textual
    thrift tiktoken timm tokenizers toml tomli tomlkit toolz torch torchvision tornado tox tqdm traitlets transformers trio tweepy twine twisted
    txaio typed-ast typeguard typer types-pyyaml types-requests typing-extensions typing-inspection tzdata tzlocal ujson unidecode
    unittest2 uritemplate urllib3 uvicorn uvloop virtualenv wand watchdog watchfiles waitress wcwidth webencodings websocket-client websockets
    werkzeug wheel whitenoise wrapt wtforms xgboost xlrd xlsxwriter xlwt xmltodict yamllint yapf yarl youtube-dl yt-dlp zeep zipp zope-interface
    zstandard httpie
"""
_NPM = """
    acorn ajv angular ansi-regex ansi-styles antd apollo-server argparse assert async autoprefixer aws-sdk axios babel babel-core
    babel-eslint babel-loader bcrypt bcryptjs bluebird body-parser bootstrap boxen browserify buffer bull bunyan cac chai chalk chart.js
    cheerio chokidar classnames clean-css clsx colors commander compression concurrently config connect cookie cookie-parser core-js cors
    cron cross-env cross-fetch cross-spawn crypto-js css-loader csurf d3 date-fns dayjs debug deepmerge del discord.js dotenv ejs electron
    electron-builder emotion enzyme esbuild escape-html eslint eslint-config-airbnb eslint-config-prettier eslint-plugin-import
    eslint-plugin-jest eslint-plugin-prettier eslint-plugin-react eslint-plugin-react-hooks execa express express-session express-validator
    fastify ffmpeg file-loader firebase form-data formik framer-motion fs-extra glob got graphql graphql-tag grunt gulp handlebars helmet
    highlight.js history html-webpack-plugin http-errors http-proxy http-proxy-middleware husky i18next iconv-lite immer immutable inherits
    inquirer ioredis is-number jasmine jest jquery js-yaml jsdom json5 jsonwebtoken karma knex koa left-pad leaflet less lerna lint-staged
    listr lodash lodash.merge log4js lottie-web lru-cache luxon marked material-ui md5 memoize-one meow micromatch mime mime-types
    mini-css-extract-plugin minimatch minimist mkdirp mobx mocha moment moment-timezone mongodb mongoose morgan ms multer mustache mysql mysql2
    nanoid next next-auth ng-packagr node-fetch node-sass nodemailer nodemon normalize.css npm npm-run-all nuxt nyc object-assign openai ora
    p-limit parcel passport path-to-regexp pg pino playwright pm2 popper.js postcss postcss-loader preact prettier prisma prompts prop-types
    protobufjs puppeteer q qs ramda raw-body react react-dom react-hook-form react-i18next react-native react-query react-redux react-router
    react-router-dom react-scripts react-select redis redux redux-saga redux-thunk reflect-metadata regenerator-runtime request resolve
    rimraf rollup rxjs safe-buffer sass sass-loader sequelize serve sharp shelljs shx sinon socket.io socket.io-client source-map sqlite3 storybook
    string-width strip-ansi stripe style-loader styled-components stylelint stylus superagent supertest svelte swiper swr tailwindcss tar
    terser terser-webpack-plugin three through2 tough-cookie ts-jest ts-loader ts-node tslib tslint tsx turbo twilio typeorm typescript
    uglify-js underscore url-loader uuid validator vite vitest vue vue-loader vue-router vue-template-compiler vuex web3 webpack webpack-cli
    webpack-dev-server webpack-merge which winston ws xlsx xml2js yaml yargs yup zod zone.js zustand
"""
_CARGO = """
    actix-web anyhow async-trait axum base64 bincode bitflags bytes cfg-if chrono clap criterion crossbeam dashmap diesel either env-logger
    flate2 futures hashbrown hyper indexmap itertools lazy-static libc log memchr mio nom num num-traits once-cell openssl parking-lot
    proc-macro2 prost quote rand rayon regex reqwest ring rocket rustls semver serde serde-derive serde-json serde-yaml sha2 smallvec sqlx syn
    tempfile thiserror time tokio tokio-util toml tonic tower tracing tracing-subscriber url uuid walkdir warp
"""
_GO = """
    github.com/aws/aws-sdk-go github.com/aws/aws-sdk-go-v2 github.com/davecgh/go-spew github.com/fsnotify/fsnotify github.com/gin-gonic/gin
    github.com/go-chi/chi github.com/go-redis/redis github.com/go-sql-driver/mysql github.com/gofiber/fiber github.com/golang-jwt/jwt
    github.com/golang/mock github.com/golang/protobuf github.com/google/go-cmp github.com/google/uuid github.com/gorilla/mux
    github.com/gorilla/websocket github.com/jackc/pgx github.com/jmoiron/sqlx github.com/labstack/echo github.com/lib/pq
    github.com/mattn/go-sqlite3 github.com/pkg/errors github.com/prometheus/client_golang github.com/redis/go-redis github.com/rs/zerolog
    github.com/sirupsen/logrus github.com/spf13/cobra github.com/spf13/pflag github.com/spf13/viper github.com/stretchr/testify
    go.uber.org/zap golang.org/x/crypto golang.org/x/net golang.org/x/sync golang.org/x/sys golang.org/x/text google.golang.org/grpc
    google.golang.org/protobuf gopkg.in/yaml.v2 gopkg.in/yaml.v3 gorm.io/gorm k8s.io/api k8s.io/apimachinery k8s.io/client-go
"""
_COMPOSER = """
    barryvdh/laravel-debugbar doctrine/dbal doctrine/orm fakerphp/faker fzaninotto/faker guzzlehttp/guzzle guzzlehttp/psr7 illuminate/support
    laravel/framework laravel/sanctum laravel/tinker league/flysystem mockery/mockery monolog/monolog nesbot/carbon nikic/php-parser
    phpmailer/phpmailer phpoffice/phpspreadsheet phpstan/phpstan phpunit/phpunit predis/predis psr/log ramsey/uuid symfony/console
    symfony/http-foundation symfony/process symfony/yaml twig/twig vlucas/phpdotenv
"""
_RESEMBLING = {
    Ecosystem.PYPI: """
        aiofile cattrs cchardet docker-py elasticsearch8 futures grapheme gsutil hjson httpr ijson isal itables jsonpath lkml lml markdown2 marko
        msgpack-python nest-asyncio2 ninja node-semver nose2 parse parsy pathlib psycopg-binary pyaml pydash pydoe pypd pypika pyqt6 pyshark pyte
        pytest-csv pytoml pytzdata rfc3987 rtoml scanpy simpy smmap2 spython tensorboardx tensorflowjs tools trino unicorn uri-template usort
        wandb willow yarg
    """,
    Ecosystem.NPM: """
        acorn-node args aws-cdk blob buffers color colord cookies crypt dargs enquirer ext gaxios js-cookie jsdoc json3 libmime listr2 motion
        mquery mssql node-cron npm-run-all2 object.assign postcss-js rambda resolve-pkg safer-buffer source-map-js stylis through uid ulid
        vite-node xml-js yamljs yazl
    """,
}
"""Real and much-used names that resemble others."""

REAL: dict[Ecosystem, frozenset[str]] = {
    ecosystem: frozenset(names.split()) for ecosystem, names in _RESEMBLING.items()
}
POPULAR: dict[Ecosystem, frozenset[str]] = {
    Ecosystem.PYPI: frozenset(_PYPI.split()),
    Ecosystem.NPM: frozenset(_NPM.split()),
    Ecosystem.CARGO: frozenset(_CARGO.split()),
    Ecosystem.GO: frozenset(_GO.split()),
    Ecosystem.COMPOSER: frozenset(_COMPOSER.split()),
}
"""As their indexes compare them."""
