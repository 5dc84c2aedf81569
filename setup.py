"""Maps `resources` and the pages of causes into the package; all else is in pyproject.toml."""

from setuptools import find_packages, setup

RESOURCES = "inspector.resources"
PAGES = f"{RESOURCES}.causes"

setup(
    packages=[
        *find_packages(include=["inspector", "inspector.*"]),
        "inspector.resources",
        "inspector.resources.causes",
    ],
    package_dir={"inspector.resources": "resources", "inspector.resources.causes": "docs/causes"},
    package_data={"inspector": ["py.typed"], "inspector.resources": ["**/*"], "inspector.resources.causes": ["*.md"]},
)
