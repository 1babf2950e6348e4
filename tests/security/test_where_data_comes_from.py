"""No line of the package can load a pickle, run a model's code, or run text as code but for a plugin that was named."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "ablate"
PICKLING = {"pickle", "_pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal", "imp"}
#: Where text is run as code: the plugin files that a user names.
RUNS_CODE = {"plugins.py": {"exec", "compile"}}
#: Readers of files that may hold pickles, or YAML that may run code.
READERS = {"read_pickle", "read_hdf", "unsafe_load", "full_load"}


def unsafe(code: str, name: str = "module.py") -> list[str]:
    """What a module does that it must not."""
    found = []
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            found += [f"import {one.name}" for one in node.names if one.name.partition(".")[0] in PICKLING]
        elif isinstance(node, ast.ImportFrom):
            found += [f"from {node.module}"] if (node.module or "").partition(".")[0] in PICKLING else []
        elif isinstance(node, ast.Call):
            found += _call(node, name)
    return found


def _call(node: ast.Call, name: str) -> list[str]:
    told = ast.unparse(node.func)
    last = told.rpartition(".")[2]
    given = {one.arg: ast.unparse(one.value) for one in node.keywords}
    if told in ("exec", "eval", "compile"):
        return [] if told in RUNS_CODE.get(name, ()) else [told]
    if told == "torch.load" or last in READERS:
        return [told]
    if told in ("np.load", "numpy.load", "np.lib.format.read_array"):
        return [] if given.get("allow_pickle") == "False" else [told]
    if last == "from_pretrained" or last == "from_config":
        return _pretrained(told, given)
    if last == "load_dataset":
        return [told] if "trust_remote_code" in given else []
    return [f"{told}(shell=True)"] if given.get("shell") == "True" else []


def _pretrained(told: str, given: dict[str, str]) -> list[str]:
    safe = given.get("trust_remote_code") == "False"
    weights = "Model" in told and told.endswith("from_pretrained")
    return [] if safe and (not weights or given.get("use_safetensors") == "True") else [told]


def test_no_module_does_anything_unsafe():
    modules = {str(path.relative_to(SOURCE)): path.read_text("utf-8") for path in sorted(SOURCE.rglob("*.py"))}
    assert "plugins.py" in modules
    assert {name: found for name, code in modules.items() if (found := unsafe(code, name))} == {}


@pytest.mark.parametrize(
    "code",
    [
        "import pickle",
        "import joblib.externals",
        "from cloudpickle import loads",
        "torch.load(path)",
        "torch.load(path, weights_only=True)",
        "np.load(path)",
        "np.load(path, allow_pickle=True)",
        "AutoModel.from_pretrained(place, use_safetensors=True)",
        "AutoModel.from_pretrained(place, trust_remote_code=False)",
        "AutoModel.from_pretrained(place, trust_remote_code=True, use_safetensors=True)",
        "AutoTokenizer.from_pretrained(place, trust_remote_code=trust)",
        "load_dataset(name, trust_remote_code=True)",
        "pd.read_pickle(path)",
        "eval(text)",
        "exec(text)",
        "subprocess.run(command, shell=True)",
    ],
)
def test_what_must_not_be_there_would_be_found(code: str):
    assert len(unsafe(code)) == 1
