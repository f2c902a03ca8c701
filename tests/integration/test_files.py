# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""railyard.cluster.files as a play runs it, on this machine, in a temporary folder."""

from __future__ import annotations

import base64
import contextlib
import grp
import json
import os
import pathlib
import pwd
import signal
import stat
import subprocess
import sys
import time
import typing as t

import pytest
import yaml

from ansible_collections.railyard.cluster.plugins.module_utils.core.files import staged_path

pytestmark = pytest.mark.slow

OWNER = pwd.getpwuid(os.geteuid()).pw_name
GROUP = grp.getgrgid(os.getegid()).gr_name


class Site:
    """A folder with a play of one role, and the folder that its files go to."""

    def __init__(self, root: pathlib.Path, repository: pathlib.Path) -> None:
        self.root, self.repository = root, repository
        self.target = root / "target"
        self.target.mkdir()
        self.role = root / "roles/toy"
        for folder in ("tasks", "templates", "files"):
            (self.role / folder).mkdir(parents=True)
        self.play = root / "play.yml"

    def path(self, name: str) -> pathlib.Path:
        return self.target / name

    def template(self, name: str, text: str) -> None:
        path = self.role / "templates" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def write(self, files: list[dict[str, t.Any]], variables: dict[str, t.Any] | None = None, **options: t.Any) -> None:
        """Write a play whose only task is railyard.cluster.files."""
        owned = [{"owner": OWNER, "group": GROUP, **file, "path": str(self.path(file["path"]))} for file in files]
        defaults = options.pop("module_defaults", {})
        task = {"name": "Write the toy's files", "railyard.cluster.files": {"files": owned, **options}, "register": "result"}
        tell = {"name": "Tell", "ansible.builtin.copy": {"content": "{{ result | to_json }}", "dest": str(self.root / "result.json"), "mode": "0600"}}
        (self.role / "tasks/main.yml").write_text(yaml.safe_dump([task, {**tell, "check_mode": False, "diff": False, "no_log": True}]))
        local = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
        play = {"hosts": "all", "gather_facts": False, "vars": {**local, **(variables or {})}, "module_defaults": defaults, "roles": ["toy"]}
        self.play.write_text(yaml.safe_dump([play]))

    def command(self, *arguments: str) -> list[str]:
        return [str(pathlib.Path(sys.executable).with_name("ansible-playbook")), "-i", "node1,", str(self.play), *arguments]

    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "ANSIBLE_CONFIG": str(self.repository / "ansible.cfg"),
            "ANSIBLE_PIPELINING": "true",
            "ANSIBLE_LOCAL_TEMP": str(self.root / "tmp"),
        }

    def run(self, *arguments: str, ok: bool = True) -> tuple[dict[str, t.Any], str]:
        """Run the play; return the task's result and all that was shown."""
        (self.root / "result.json").unlink(missing_ok=True)
        done = subprocess.run(self.command(*arguments), cwd=self.root, env=self.environment(), capture_output=True, text=True, check=False)
        shown = done.stdout + done.stderr
        assert (done.returncode == 0) is ok, shown
        return (json.loads((self.root / "result.json").read_text()) if ok else {}), shown

    def left_over(self) -> list[str]:
        return [str(path) for path in self.target.rglob(".*railyard*")]


@pytest.fixture
def site(tmp_path: pathlib.Path, repository: pathlib.Path) -> Site:
    return Site(tmp_path, repository)


def test_renders_like_a_template_and_changes_nothing_twice(site: Site) -> None:
    site.template("parts/footer.j2", "end of {{ toy_name }}\n")
    site.template(
        "toy.conf.j2",
        "# {{ ansible_managed }}\n{% if toy_name %}\nname = {{ toy_name }}\n{% endif %}\npath = \\d {{ template_destpath }}\n{% include 'parts/footer.j2' %}\n",
    )
    site.template("each.j2", "{{ port }}")
    binary = bytes(range(256)) * 4
    (site.role / "files/blob").write_bytes(binary)
    site.write(
        [
            {"path": "conf.d", "state": "directory", "mode": "0750"},
            {"path": "conf.d/toy.conf", "template": "toy.conf.j2", "mode": "0640"},
            {"path": "one", "template": "each.j2", "vars": {"port": "{{ toy_port + 1 }}"}},
            {"path": "two", "content": "{{ toy_name }}\n"},
            {"path": "blob", "source": "blob"},
            {"path": "encoded", "content_base64": base64.b64encode(binary).decode()},
            {"path": "link", "state": "link", "target": "two"},
        ],
        {"toy_name": "Toy", "toy_port": 41},
    )
    dry, _shown = site.run("--check")
    assert list(site.target.iterdir()) == []
    first, _shown = site.run()
    names = ["conf.d", "conf.d/toy.conf", "one", "two", "blob", "encoded", "link"]
    assert first["changed_files"] == dry["changed_files"] == [str(site.path(name)) for name in names]
    path = site.path("conf.d/toy.conf")
    assert path.read_text() == f"# Ansible managed\nname = Toy\npath = \\d {path}\nend of Toy\n"
    assert (stat.S_IMODE(path.stat().st_mode), stat.S_IMODE(site.path("conf.d").stat().st_mode)) == (0o640, 0o750)
    assert (site.path("one").read_text(), site.path("two").read_text(), site.path("blob").read_bytes()) == ("42", "Toy\n", binary)
    assert site.path("encoded").read_bytes() == binary
    assert site.path("link").readlink() == pathlib.Path("two")
    inodes = [site.path(name).lstat().st_ino for name in names]
    second, shown = site.run("--diff")
    assert (second["changed"], second["changed_files"]) == (False, [])
    assert "changed=0" in shown.replace("changed=1", "changed=0", 1)
    assert [site.path(name).lstat().st_ino for name in names] == inodes
    assert site.left_over() == []


def test_check_mode_tells_and_does_nothing_and_diff_shows_both_sides(site: Site) -> None:
    site.path("a").write_text("old line\n")
    site.path("a").chmod(0o600)
    site.path("gone").write_text("x\n")
    site.write(
        [
            {"path": "a", "content": "new line\n"},
            {"path": "gone", "state": "absent"},
            {"path": "missing/b", "content": "b"},
            {"path": "c", "content": "c", "owner": "nobody-here"},
        ]
    )
    result, shown = site.run("--check", "--diff")
    assert result["changed_files"] == [str(site.path(name)) for name in ("a", "gone", "missing/b", "c")]
    assert {"-old line", "+new line", "-mode: 0600", "+mode: 0644", "-x"} <= set(shown.splitlines())
    assert (site.path("a").read_text(), site.path("gone").exists(), site.path("c").exists()) == ("old line\n", True, False)
    _result, shown = site.run(ok=False)
    assert f"{site.path('missing/b')}: its directory {site.path('missing')} does not exist." in shown
    assert (site.path("a").read_text(), site.path("gone").exists()) == ("old line\n", True)


def test_a_failing_validation_changes_nothing_at_all(site: Site) -> None:
    site.path("a").write_text("old\n")
    files = [
        {"path": "d", "state": "directory"},
        {"path": "a", "content": "new\n", "validate": "grep -q new %s"},
        {"path": "d/b", "content": "wrong\n", "validate": "sh -c 'echo it is wrong >&2; exit 3' %s"},
    ]
    site.write(files)
    _result, shown = site.run(ok=False)
    assert f"{site.path('d/b')}: validation with" in shown
    assert "ended with 3: it is wrong. Nothing was changed." in shown
    assert (site.path("a").read_text(), site.path("d").exists(), site.left_over()) == ("old\n", False, [])
    site.write([*files[:2], {**files[2], "validate": "grep -q wrong %s"}])
    site.run()
    assert (site.path("a").read_text(), site.path("d/b").read_text()) == ("new\n", "wrong\n")


def test_killed_between_staging_and_replacing_the_next_run_mends_it(site: Site) -> None:
    site.path("a").write_text("old\n")
    started = site.root / "validation-started"
    files = [{"path": "a", "content": "new\n"}, {"path": "b", "content": "b\n", "validate": f"sh -c 'echo $$ > {started}; exec sleep 60' %s"}]
    site.write(files)
    process = subprocess.Popen(
        site.command(), cwd=site.root, env=site.environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        deadline = time.monotonic() + 60
        while not (started.exists() and started.read_text().strip()) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert site.left_over(), "the run was not killed half-way"
        assert site.path("a").read_text() == "old\n"
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        with contextlib.suppress(FileNotFoundError, ValueError, ProcessLookupError):
            os.kill(int(started.read_text()), signal.SIGKILL)
    assert site.left_over()
    site.write([files[0], {"path": "b", "content": "b\n"}])
    result, _shown = site.run()
    assert result["changed_files"] == [str(site.path("a")), str(site.path("b"))]
    assert (site.path("a").read_text(), site.path("b").read_text(), site.left_over()) == ("new\n", "b\n", [])
    assert site.run()[0]["changed"] is False


def test_a_left_over_is_removed_even_where_nothing_changes(site: Site) -> None:
    site.write([{"path": "a", "content": "new\n"}])
    site.run()
    left = pathlib.Path(staged_path(str(site.path("a"))))
    left.write_text("half of it")
    assert site.run("--check")[0]["changed"] is False
    assert left.exists()
    assert site.run()[0]["changed"] is False
    assert not left.exists()


def test_what_is_no_longer_listed_goes_and_what_others_put_there_stays(site: Site) -> None:
    folder = {"path": "hooks.d", "state": "directory", "purge": "toy"}
    hooks = [{"path": f"hooks.d/{name}", "content": f"{name}\n", "mode": "0755"} for name in ("10-a", "20-b")]
    site.write([folder, *hooks])
    site.run()
    site.path("hooks.d/90-theirs").write_text("theirs\n")
    site.write([folder, hooks[1]])
    foreseen, shown = site.run("--check", "--diff")
    assert "-10-a" in shown.splitlines()
    assert site.path("hooks.d/10-a").exists()
    done, _shown = site.run()
    assert done["changed_files"] == foreseen["changed_files"] == [str(site.path("hooks.d/10-a"))]
    assert sorted(path.name for path in site.path("hooks.d").iterdir()) == [".toy.railyard-files", "20-b", "90-theirs"]
    assert site.run()[0]["changed"] is False


SECRET = "nightingale-4711"
SECRET_FILES: list[dict[str, t.Any]] = [
    {"content": "{{ toy_secret }}\n"},
    {"template": "secret.j2"},
    {"content": "{{ toy_secret }}\n", "validate": "sh -c 'cat %s; exit 1'"},
    {"template": "broken.j2"},
    {"content": {"key": "{{ toy_secret }}"}},
    {"contents": "{{ toy_secret }}"},
    {"content": "{{ toy_secret }}", "path": "no/folder"},
]


@pytest.mark.parametrize("mode", [["--check"], []], ids=["check", "real"])
def test_a_secret_shows_nothing(site: Site, mode: list[str]) -> None:
    site.template("secret.j2", "{{ toy_secret }}\n")
    site.template("broken.j2", "{{ toy_secret | to_datetime }}\n")
    for number in range(len(SECRET_FILES)):
        site.path(f"a{number}").write_text(f"{SECRET} of old\n")
    tasks: list[dict[str, t.Any]] = []
    for number, file in enumerate(SECRET_FILES):
        site.write([{"path": f"a{number}", "mode": "0600", **file}], {"toy_secret": SECRET}, secret=True)
        tasks += yaml.safe_load((site.role / "tasks/main.yml").read_text())[:1]
    (site.role / "tasks/main.yml").write_text(yaml.safe_dump([{**task, "ignore_errors": True} for task in tasks]))
    done = subprocess.run([*site.command(*mode), "--diff", "-vvv"], cwd=site.root, env=site.environment(), capture_output=True, text=True, check=False)
    shown = done.stdout + done.stderr
    assert shown.count("TASK [toy : Write the toy's files]") == len(SECRET_FILES)
    assert shown.count("fatal: [node1]: FAILED!") == (3 if mode else 5)
    assert SECRET not in shown
    assert base64.b64encode(SECRET.encode()).decode()[:12] not in shown
    written = [site.path(f"a{number}").read_text() == f"{SECRET}\n" for number in range(len(SECRET_FILES))]
    assert written == [not mode, not mode, False, False, False, False, False]


def test_module_defaults_reach_it(site: Site) -> None:
    site.path("a").write_text("old\n")
    site.write([{"path": "a", "content": "new\n"}], module_defaults={"railyard.cluster.files": {"secret": True}})
    result, shown = site.run("--diff")
    assert result["changed"]
    assert "diff" not in result
    assert "+new" not in shown


def test_a_file_in_the_place_of_a_link_leaves_what_it_pointed_at(site: Site) -> None:
    site.path("other").write_text("other\n")
    site.path("a").symlink_to("other")
    site.write([{"path": "a", "content": "mine\n"}])
    site.run()
    assert (site.path("a").is_symlink(), site.path("a").read_text(), site.path("other").read_text()) == (False, "mine\n", "other\n")


def test_a_missing_template_is_named(site: Site) -> None:
    site.write([{"path": "a", "template": "nowhere.j2"}])
    _result, shown = site.run(ok=False)
    assert f"{site.path('a')}: Could not find or access 'nowhere.j2'" in shown
    site.template("undefined.j2", "{{ toy_nothing }}\n")
    site.write([{"path": "a", "template": "undefined.j2"}])
    _result, shown = site.run(ok=False)
    assert "'toy_nothing' is undefined" in shown


def test_one_execution_per_task(site: Site) -> None:
    site.template("each.j2", "{{ port }}")
    site.write([{"path": f"f{number}", "template": "each.j2", "vars": {"port": number}} for number in range(20)])
    _result, shown = site.run("-vvv")
    task = shown[shown.index("Write the toy's files") : shown.index("TASK [toy : Tell]")]
    assert task.count(" EXEC ") == 1, task
    assert " PUT " not in task


def test_a_file_that_cannot_be_written_is_named_and_undone(site: Site) -> None:
    (site.path("a")).write_text("old\n")
    name = "n" * 250  # with what staged files are called it is too long
    site.write([{"path": "d", "state": "directory"}, {"path": "a", "content": "new\n"}, {"path": name, "content": "x"}])
    _result, shown = site.run(ok=False)
    assert f"{site.path(name)} can't be written: File name too long; nothing was changed." in shown
    assert (site.path("a").read_text(), site.path("d").exists(), site.left_over()) == ("old\n", False, [])
