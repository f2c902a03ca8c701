# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Real playbooks over the Python API and the command: every way a run can end, and what it leaves behind."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest

from railyard.api import CoreError, Event, RunRequest, RunResult, run
from railyard.core.hardware.hardware_class import hardware_class
from railyard.core.simulator.hardware_tree import hardware_tree
from railyard.core.simulator.profile import apply_fault, make_profile

PLAYBOOK = """---
- name: Small
  hosts: all
  gather_facts: false
  tasks:
    - name: Change something
      ansible.builtin.copy:
        content: "{{ word | default('none') }}"
        dest: "{{ lookup('ansible.builtin.env', 'HOME') }}/{{ inventory_hostname }}.out"
        mode: "0600"
    - name: Handle a secret
      ansible.builtin.command: "echo {{ secret_munge_key }} {{ lookup('ansible.builtin.pipe', 'env') | hash('sha1') }}"
      changed_when: false
      no_log: true
    - name: Tell what the process sees
      ansible.builtin.command: env
      changed_when: false
    - name: Fail where asked
      ansible.builtin.command: sh -c 'echo disk full >&2; exit 3'
      when: inventory_hostname in (broken | default([]))
      changed_when: false
"""
SLEEP = """---
- name: Long
  hosts: all
  gather_facts: false
  tasks:
    - name: Sleep
      ansible.builtin.command: sleep 300
      changed_when: false
"""
# ansible-playbook with this beside it takes no notice of Ctrl-C, as one that waits for something that does not come.
STUBBORN = """
import signal
from ansible.plugins.callback import CallbackBase


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "stubborn"

    def v2_playbook_on_play_start(self, play):
        signal.signal(signal.SIGINT, signal.SIG_IGN)
"""
HOSTS = """---
all:
  hosts:
    a: {ansible_connection: local}
    b: {ansible_connection: local}
    gone: {ansible_host: 127.0.0.1, ansible_port: 9}
  vars:
    ansible_python_interpreter: "{{ ansible_playbook_python }}"
"""
SECRET = "munge-key-that-must-not-be-seen-anywhere"


@pytest.fixture
def site(tmp_path: Path, repository: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A site with an encrypted secret, as the current folder and as home."""
    for name in [name for name in os.environ if name.startswith(("ANSIBLE_", "RAILYARD_"))]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("CLOUD_TOKEN", "token-of-the-caller")
    monkeypatch.setattr("tempfile.tempdir", None)
    (tmp_path / "tmp").mkdir()
    secrets = tmp_path / "site/group_vars/all/secrets.yml"
    secrets.parent.mkdir(parents=True)
    (tmp_path / "site/hosts.yml").write_text(HOSTS)
    (tmp_path / "small.yml").write_text(PLAYBOOK)
    (tmp_path / "sleep.yml").write_text(SLEEP)
    (tmp_path / "pw").write_text("right\n")
    (tmp_path / "wrong").write_text("wrong\n")
    encrypt = [str(Path(sys.executable).parent / "ansible-vault"), "encrypt", "--vault-password-file", "pw", "--output", str(secrets)]
    subprocess.run(encrypt, input=f"secret_munge_key: {SECRET}\n", text=True, capture_output=True, check=True)
    assert (repository / "ansible.cfg").is_file()
    return tmp_path


def small(**changes: object) -> RunRequest:
    fields: dict[str, object] = {"playbook": "small.yml", "inventory": "site", "limit": "a,b", "vault_password_files": ("pw",), **changes}
    return RunRequest(**fields)  # type: ignore[arg-type]


def test_a_good_run(site: Path) -> None:
    events: list[Event] = []
    result = run(small(extra_vars={"word": "hello"}, collect=("Tell what the process sees",)), on_event=events.append)
    assert (result.status, result.exit_code, result.rc, result.message) == ("done", 0, 0, "")
    assert [(host.host, host.ok, host.changed, host.skipped) for host in result.hosts] == [("a", 3, 1, 1), ("b", 3, 1, 1)]
    assert {(change.host, change.task) for change in result.changes} == {("a", "Change something"), ("b", "Change something")}
    assert (site / "a.out").read_text() == "hello"
    assert next(event.task for event in events if event.kind == "task") == "Change something"
    environment = dict(line.partition("=")[::2] for line in result.results[0].result["stdout_lines"])
    assert environment["RAILYARD_RUN_ID"] == result.run_id
    assert environment["RAILYARD_STATE_DIR"] == str(site / "state/railyard/site")
    assert "CLOUD_TOKEN" not in environment
    assert "ANSIBLE_HOST_KEY_CHECKING" not in environment
    assert "ANSIBLE_CACHE_PLUGIN" not in environment
    # Nothing is left but the log, and the second run has nothing to do.
    log = Path(result.log)
    assert log == site / "state/railyard/site/runs" / result.run_id / "events.jsonl"
    assert [path for path in (site / "state").rglob("*") if path.is_file()] == [log]
    assert list((site / "tmp").iterdir()) == []
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert (lines[0]["event"], lines[0]["extra_vars"], lines[-1]["status"]) == ("run", ["word"], "done")
    assert run(small(extra_vars={"word": "hello"})).changes == ()


def test_the_log_has_what_happened_and_nothing_that_a_task_was_given_or_returned(site: Path) -> None:
    """Ansible hides what is marked as a secret. The log leaves out all that a task was given or returned, since not every secret is marked."""
    given = {"word": "word-of-the-caller", "broken": ["a"]}
    kept: dict[str, int] = {}

    def watch(_event: Event) -> None:
        for folder in (site / "tmp").glob("railyard-*"):
            for path in [folder, *folder.rglob("*")]:
                with contextlib.suppress(FileNotFoundError):
                    kept[str(path.relative_to(folder))] = path.stat().st_mode & 0o777

    result = run(small(extra_vars=given, verbosity=3, diff=True, collect=("Tell what the process sees",)), on_event=watch)
    log = Path(result.log).read_text()
    environment = result.results[0].result["stdout"]
    assert f"HOME={site}" in environment.splitlines()
    for hidden in ("word-of-the-caller", *environment.splitlines(), SECRET, "token-of-the-caller"):
        assert hidden not in log
    lines = [json.loads(line) for line in log.splitlines()]
    kinds = [line["event"] for line in lines]
    counts = {"run": 1, "play": 1, "task": 4, "changed": 2, "ok": 4, "failed": 1, "skipped": 1, "end": 1, "result": 1}
    assert {kind: kinds.count(kind) for kind in kinds} == counts
    assert set(lines[0]) == {"event", "run_id", "time", "playbook", "inventory", "limit", "check", "tags", "extra_vars"}
    assert lines[0]["extra_vars"] == ["broken", "word"]
    assert set(lines[-1]) == {"event", "status", "rc", "seconds", "message"}
    assert set().union(*lines[1:-1]) == {"event", "time", "play", "task", "host", "seconds", "message"}
    assert [line["message"] for line in lines if line.get("message")] == ["non-zero return code\ndisk full"]

    # What ansible-runner is told is for its owner alone, and it writes nothing down but what it takes back at once.
    assert (kept["."], kept["env"], kept["env/extravars"]) == (0o700, 0o700, 0o600)
    names = {name.split("/")[-1] for name in kept if name.startswith("artifacts/") and "-partial.json" not in name}
    assert {name for name in names if len(name) != 36} == {"command", "job_events"}


def test_check_mode_tells_a_difference(site: Path) -> None:
    result = run(small(check=True))
    assert (result.status, result.exit_code, len(result.changes)) == ("done", 1, 2)
    assert not (site / "a.out").exists()


@pytest.mark.usefixtures("site")
def test_a_failure_and_a_host_that_does_not_answer() -> None:
    result = run(small(limit="", extra_vars={"broken": ["b"]}))
    assert (result.status, result.exit_code) == ("failed", 1)
    failures = {failure.host: failure for failure in result.failures}
    assert set(failures) == {"b", "gone"}
    assert (failures["b"].task, failures["b"].message) == ("Fail where asked", "non-zero return code\ndisk full")
    assert failures["gone"].unreachable
    assert "Connection refused" in failures["gone"].message
    stats = {host.host: host for host in result.hosts}
    assert (stats["b"].failed, stats["gone"].unreachable, stats["a"].failed) == (1, 1, 0)


def _broken_playbook(site: Path) -> None:
    (site / "small.yml").write_text("- hosts: [\n")


def _unknown_module(site: Path) -> None:
    (site / "small.yml").write_text("---\n- hosts: all\n  tasks:\n    - no.such.module:\n")


def _broken_inventory(site: Path) -> None:
    (site / "site/hosts.yml").write_text("all: [\n")


def _as_is(_site: Path) -> None:
    """Spoil nothing."""


@pytest.mark.parametrize(
    ("spoil", "changes", "message"),
    [
        (_as_is, {"limit": "nosuch"}, "--limit nosuch matches no host of site."),
        (_as_is, {"vault_password_files": ("wrong",)}, "the vault password does not open site/group_vars/all/secrets.yml: the one from wrong is not"),
        (_as_is, {"vault_password_files": ()}, "site/group_vars/all/secrets.yml is encrypted and no vault password was given."),
        (_as_is, {"playbook": "railyard.cluster.no_such"}, "the playbook railyard.cluster.no_such was not found."),
        (_as_is, {"tags": ("nosuch",)}, "no task of small.yml has a tag of --tags nosuch."),
        (_broken_playbook, {}, "/small.yml:2: YAML parsing failed: "),
        (_unknown_module, {}, "/small.yml:4: couldn't resolve module/action 'no.such.module'."),
        (_broken_inventory, {}, "/site/hosts.yml cannot be read."),
    ],
)
def test_what_cannot_run_is_one_sentence(spoil: object, changes: dict[str, object], message: str, site: Path) -> None:
    assert callable(spoil)
    spoil(site)
    result = run(small(**changes))
    assert (result.status, result.exit_code, result.hosts) == ("could_not_run", 2, ())
    assert message in result.message
    assert "\n" not in result.message


@pytest.mark.usefixtures("site")
def test_an_inventory_that_is_not_there() -> None:
    with pytest.raises(CoreError, match="the inventory nothere does not exist"):
        run(small(inventory="nothere"))


def test_no_ansible(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.executable", str(site / "python"))
    monkeypatch.setenv("PATH", str(site))
    with pytest.raises(CoreError, match="ansible-playbook was not found"):
        run(small())


def test_prompts_are_answered(site: Path) -> None:
    result = run(small(vault_password_files=(), ask_vault_password=True), passwords={"vault": "right"})
    assert (result.status, result.message) == ("done", "")
    assert "right" not in Path(result.log).read_text()
    assert site.exists()


@pytest.mark.usefixtures("site")
def test_an_error_of_the_watcher_stops_the_run_and_comes_back() -> None:
    def watch(event: Event) -> None:
        if event.kind == "start":
            raise ZeroDivisionError

    started = time.monotonic()
    with pytest.raises(ZeroDivisionError):
        run(small(playbook="sleep.yml"), on_event=watch)
    assert time.monotonic() - started < 60


@pytest.mark.usefixtures("site")
def test_an_interrupted_run_is_cancelled_and_leaves_nothing_running() -> None:
    handler = signal.getsignal(signal.SIGINT)

    def interrupt(event: Event) -> None:
        if event.kind == "start" and event.host == "a":
            threading.Timer(1.5, os.kill, (os.getpid(), signal.SIGINT)).start()

    started = time.monotonic()
    result: RunResult = run(small(playbook="sleep.yml"), on_event=interrupt)
    assert time.monotonic() - started < 60
    assert (result.status, result.exit_code) == ("cancelled", 2)
    assert "interrupted" in result.message
    assert "again is safe" in result.hint
    assert signal.getsignal(signal.SIGINT) is handler
    assert left_running(result.run_id) == []


def make_stubborn(site: Path) -> None:
    (site / "callback_plugins").mkdir()
    (site / "callback_plugins/stubborn.py").write_text(STUBBORN)
    (site / "small.yml").write_text(SLEEP)


def test_a_playbook_that_does_not_stop_is_killed_after_a_while(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_stubborn(site)
    monkeypatch.setattr("railyard.execute._GRACE_S", 3.0)
    asked: list[float] = []

    def interrupt(event: Event) -> None:
        if event.kind == "start" and event.host == "a":
            threading.Timer(1.5, os.kill, (os.getpid(), signal.SIGINT)).start()
        if event.kind == "warning" and event.message.startswith("interrupted"):
            asked.append(time.monotonic())

    result = run(small(), on_event=interrupt)
    assert len(asked) == 1
    assert 3 <= time.monotonic() - asked[0] < 10
    assert (result.status, result.exit_code) == ("cancelled", 2)
    assert left_running(result.run_id) == []


def left_running(run_id: str) -> list[str]:
    """Return the command lines of the processes that a run still has after a few seconds."""
    deadline = time.monotonic() + 10
    while (found := processes_with(run_id)) and time.monotonic() < deadline:
        time.sleep(0.2)
    return found


def processes_with(run_id: str) -> list[str]:
    """Return the command lines of the processes that a run left behind."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if f"RAILYARD_RUN_ID={run_id}".encode() in (process / "environ").read_bytes().split(b"\0"):
                found.append((process / "cmdline").read_text().replace("\0", " "))
        except OSError:
            continue
    return found


@pytest.fixture
def command(site: Path, repository: Path) -> Iterator[list[str]]:
    """``railyard`` as a person calls it, over this site's playbook in the place of railyard.cluster.site."""
    script = site / "apply_small.py"
    script.write_text(
        "import sys\nfrom dataclasses import replace\nfrom railyard.commands import apply\nfrom railyard.main import main\n"
        "build = apply.build_request\napply.build_request = lambda args: replace(build(args), playbook='small.yml')\nsys.exit(main())\n"
    )
    os.environ["PYTHONPATH"] = str(repository / "cli")
    yield [sys.executable, str(script), "apply", "-i", "site", "--vault-password-file", "pw"]
    del os.environ["PYTHONPATH"]


def test_no_secret_is_seen_with_vvv(command: list[str], site: Path) -> None:
    answer = subprocess.run([*command, "--limit", "a", "--diff", "-vvv"], capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    # What is looked for would be found: Ansible's own output is there.
    assert "Handle a secret" in answer.stderr
    assert "ansible-playbook -i site --limit a --diff --vault-password-file pw -vvv small.yml" in answer.stderr
    left = [path.read_text() for path in (site / "state").rglob("*") if path.is_file()]
    assert len(left) == 1
    for text in (answer.stdout, answer.stderr, *left):
        assert SECRET not in text
        assert "token-of-the-caller" not in text


def test_a_second_interrupt_ends_the_command_at_once(command: list[str], site: Path) -> None:
    make_stubborn(site)
    process = subprocess.Popen([*command, "--limit", "a"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stderr
    try:
        deadline = time.monotonic() + 60
        runs: list[Path] = []
        while not (runs and "sleep 300 " in processes_with(runs[0].name)) and time.monotonic() < deadline:
            time.sleep(0.1)
            runs = [*(site / "state/railyard/site/runs").glob("*")]
        run_id = runs[0].name
        process.send_signal(signal.SIGINT)
        said = iter(process.stderr.readline, "")
        assert "warning: interrupted: waiting for what is under way; once more stops it at once.\n" in said
        # The first lets what is under way come to its end.
        time.sleep(2)
        assert process.poll() is None
        assert "sleep 300 " in processes_with(run_id)
        process.send_signal(signal.SIGINT)
        again = time.monotonic()
        output, errors = process.communicate(timeout=30)
        assert time.monotonic() - again < 8
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 2
    assert "the run was interrupted; what was under way on a host may be half done. Running it again is safe and completes it." in output + errors
    assert "Traceback" not in errors
    assert left_running(run_id) == []
    assert json.loads((runs[0] / "events.jsonl").read_text().splitlines()[-1])["status"] == "cancelled"


def test_the_command_s_document_and_status(command: list[str]) -> None:
    answer = subprocess.run([*command, "--limit", "b", "--json", "-e", '{"broken": ["b"]}'], capture_output=True, text=True, check=False)
    document = json.loads(answer.stdout)
    assert (answer.returncode, document["exit_code"], document["failures"][0]["host"], answer.stderr) == (1, 1, "b", "")


def test_the_command_s_sentence(command: list[str]) -> None:
    answer = subprocess.run([*command, "--limit", "nosuch"], capture_output=True, text=True, check=False)
    assert (answer.returncode, answer.stdout) == (2, "")
    assert answer.stderr == "railyard: --limit nosuch matches no host of site. railyard discover -i site lists the hosts.\n"


def test_the_example_of_the_documentation_runs(site: Path, repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = (repository / "docs/python-api.md").read_text()
    example = page.partition("```python\n")[2].partition("```")[0]
    monkeypatch.setenv("RAILYARD_STATE_DIR", str(site / "state"))
    monkeypatch.setenv("PYTHONPATH", str(repository / "cli"))
    answer = subprocess.run([sys.executable, "-c", example], capture_output=True, text=True, check=False)
    assert (answer.returncode, answer.stderr) == (0, "")
    # Where no lab stands, its hosts do not answer, and the example says so first.
    assert "\ndone in " in f"\n{answer.stdout}"
    assert "\nctl1 " in answer.stdout


def test_a_capture_is_written_and_explained(site: Path, repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(repository / "cli"))
    railyard = [sys.executable, "-m", "railyard"]
    captured = subprocess.run([*railyard, "capture", "a", "-i", "site", "--vault-password-file", "pw", "--json"], capture_output=True, text=True, check=False)
    assert captured.returncode == 0, captured.stderr
    file = site / "a.capture.json"
    schemas = repository / "docs/schemas"
    for name, text in (("captures", captured.stdout), ("capture", file.read_text())):
        jsonschema.Draft202012Validator(json.loads((schemas / f"{name}.json").read_text())).validate(json.loads(text))
    assert json.loads(captured.stdout)["files"] == [{"node": "a", "path": str(file)}]
    explained = subprocess.run([*railyard, "parse", "capture", str(file)], capture_output=True, text=True, check=False)
    assert explained.returncode in (0, 1), explained.stderr
    assert "uname -a" in explained.stdout


def test_discover_names_what_hosts_are_made_of_and_who_does_not_answer(site: Path, repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(repository / "cli"))
    profile = apply_fault(make_profile(hardware_class("l40s_4"), "a", "l40s_4"), "pcie_width", 3)
    for path, content in (tree := hardware_tree(profile)).files.items():
        (site / f"hardware{path}").parent.mkdir(parents=True, exist_ok=True)
        (site / f"hardware{path}").write_text(content)
    for path, target in tree.links.items():
        (site / f"hardware{path}").parent.mkdir(parents=True, exist_ok=True)
        (site / f"hardware{path}").symlink_to(target)
    (site / "site/host_vars").mkdir()
    (site / "site/host_vars/a.yml").write_text(f"railyard_hardware_root: {site}/hardware\nrailyard_hardware_class: l40s_4\n")
    (site / "site/host_vars/b.yml").write_text("ansible_python_interpreter: /nowhere/python3\n")
    command = [sys.executable, "-m", "railyard", "discover", "-i", "site", "--vault-password-file", "pw"]
    answer = subprocess.run([*command, "--json"], capture_output=True, text=True, check=False)
    assert answer.returncode == 1, answer.stderr
    document = json.loads(answer.stdout)
    jsonschema.Draft202012Validator(json.loads((repository / "docs/schemas/inventory.json").read_text())).validate(document)
    hosts = {host["name"]: host for host in document["hosts"]}
    assert [(kind["pci_id"], kind["count"]) for kind in hosts["a"]["gpus"]] == [("10de:26b9", 4)]
    assert [fault["id"] for fault in hosts["a"]["faults"]] == ["pcie_narrow"]
    assert (hosts["a"]["rails"]["active"], hosts["a"]["hardware_class"]) == (2, "l40s_4")
    assert "Connection refused" in hosts["gone"]["problem"]
    assert "/nowhere/python3" in hosts["b"]["problem"]
    kept = Path(hosts["a"]["document"])
    assert kept.parent.parent.parent == site / "state/railyard/site/runs"
    jsonschema.Draft202012Validator(json.loads((repository / "docs/schemas/facts.json").read_text())).validate(json.loads(kept.read_text()))
    assert [path.name for path in kept.parent.iterdir()] == ["a.json"]
    shown = subprocess.run([*command, "--limit", "a,gone"], capture_output=True, text=True, check=False)
    assert shown.returncode == 1
    assert "2 hosts in site, 1 without an answer, 1 fault" in shown.stdout


def test_secrets_through_the_command(site: Path, repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(repository / "cli"))
    command = [sys.executable, "-m", "railyard", "secrets", "init", "-i", "site", "--vault-password-file", "pw", "--json"]
    answers = [subprocess.run(command, capture_output=True, text=True, check=False) for _attempt in range(2)]
    documents = [json.loads(answer.stdout) for answer in answers]
    for document in documents:
        jsonschema.Draft202012Validator(json.loads((repository / "docs/schemas/secrets.json").read_text())).validate(document)
    assert "secret_munge_key" in documents[0]["present"]
    assert documents[0]["made"]
    assert documents[1]["made"] == []
    assert site.exists()
