"""Find layers whose config carries program code, without running any of it."""

from typing import Any, List


def lambda_layers(config: Any) -> List[str]:
    """Names of the Lambda layers in a model config whose function is bytecode, nested models included."""
    if isinstance(config, list):
        return [name for item in config for name in lambda_layers(item)]
    if not isinstance(config, dict):
        return []
    inner = [name for item in config.values() for name in lambda_layers(item)]
    own = config.get("config")
    if config.get("class_name") == "Lambda" and isinstance(own, dict) and _holds_code(own):
        inner.insert(0, str(own.get("name", "?")))
    return inner


def _holds_code(config: Any) -> bool:
    function = config.get("function")
    if isinstance(function, dict):  # Keras 3
        return bool(function.get("class_name") == "__lambda__")
    return config.get("function_type") == "lambda" or isinstance(function, list)
