"""Java: the compiler through Maven or Gradle, Checkstyle where configured, tests as Surefire and Gradle report them."""

from ci_factory.gates.presets.model import Files, Preset, PresetTool, SideName, TestsCommand
from ci_factory.model.commands import CommandConfig

_MAVEN = "install Maven, or commit its wrapper (mvnw)"
_GRADLE = "install Gradle, or commit its wrapper (gradlew)"
_BUILDS = ("build.gradle", "build.gradle.kts")
_LARGEST_STATUS = 253
"""Checkstyle ends with its number of errors; what is above are its own failures."""


def _maven_applies(files: Files, side: SideName) -> bool:
    return "pom.xml" in files.of(side)


def _gradle_applies(files: Files, side: SideName) -> bool:
    return not _maven_applies(files, side) and bool(set(_BUILDS) & files.of(side))


def _checkstyle_applies(files: Files, side: SideName) -> bool:
    return "checkstyle.xml" in files.of(side)


def tests(files: Files, side: SideName) -> TestsCommand | None:
    """The build's own task `test`."""
    if _maven_applies(files, side):
        maven = ("mvn", "--batch-mode", "--fail-at-end", "test")
        return TestsCommand(maven, "**/target/surefire-reports/TEST-*.xml", "junit", install=_MAVEN)
    if _gradle_applies(files, side):
        gradle = ("gradle", "--console=plain", "--no-daemon", "--continue", "test")
        return TestsCommand(gradle, "**/build/test-results/test/TEST-*.xml", "junit", install=_GRADLE)
    return None


JAVA = Preset(
    name="java",
    suffixes=(".java",),
    manifests=("pom.xml", *_BUILDS),
    tools=(
        PresetTool(
            CommandConfig(
                name="maven-compile",
                command=("mvn", "--batch-mode", "--quiet", "test-compile"),
                format="gnu",
                files=("*.java", "pom.xml"),
                install=_MAVEN,
            ),
            applies=_maven_applies,
            executes=True,
        ),
        PresetTool(
            CommandConfig(
                name="gradle-compile",
                command=("gradle", "--console=plain", "--no-daemon", "--quiet", "testClasses"),
                format="gnu",
                files=("*.java", "*.gradle", "*.gradle.kts"),
                install=_GRADLE,
            ),
            applies=_gradle_applies,
            executes=True,
        ),
        PresetTool(
            CommandConfig(
                name="checkstyle",
                command=("checkstyle", "-c", "checkstyle.xml", "-f", "xml", "{files}"),
                format="checkstyle",
                files=("*.java",),
                expected=tuple(range(_LARGEST_STATUS + 1)),
                install="install Checkstyle, https://checkstyle.org",
            ),
            applies=_checkstyle_applies,
        ),
    ),
    tests=tests,
    settings=(
        ("checkstyle.xml", "checkstyle-suppressions.xml", "suppressions.xml"),
        ("pmd.xml",),
        ("spotbugs-exclude.xml",),
        ("mvnw", "mvnw.cmd", "maven-wrapper.properties"),
        ("gradlew", "gradlew.bat", "gradle-wrapper.properties", "gradle-wrapper.jar"),
        ("gradle.properties",),
    ),
    setup_paths=("~/.m2", "~/.gradle"),
    locks=("pom.xml", *_BUILDS, "settings.gradle", "settings.gradle.kts", "gradle.lockfile"),
)
