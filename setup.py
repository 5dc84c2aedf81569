"""Maps the top-level folder `resources` into the package; all else is in pyproject.toml."""

from setuptools import find_packages, setup

setup(
    packages=[*find_packages(include=["inspector", "inspector.*"]), "inspector.resources"],
    package_dir={"inspector.resources": "resources"},
    package_data={"inspector": ["py.typed"], "inspector.resources": ["**/*"]},
)
