import { mkdirSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Coverage } from '../../../core/types.ts';
import type { Setting } from '../adapter.ts';
import { readJson, traceReport } from '../shapes.ts';
import { hitsOf, toCoverage, type LineHits } from './reports.ts';

/**
 * A pytest plugin that notes which lines of files under the root run. Only the standard library is used, because the
 * repository's environment is not ours to add to. `sys.monitoring` (3.12) switches each line off after its first hit.
 */
const tracer = String.raw`import json, os, sys, threading

ROOT = os.path.realpath(os.environ["BUGLOOP_ROOT"]) + os.sep
OUT = os.environ["BUGLOOP_PYTHON_COVERAGE"]
SKIP = tuple(os.sep + name + os.sep for name in ("site-packages", "node_modules", ".venv", "venv", ".tox", ".nox"))
ran = {}
known = {}


def path_of(filename):
    if filename not in known:
        real = os.path.realpath(filename)
        known[filename] = real if filename[:1] != "<" and real.startswith(ROOT) and not any(part in real for part in SKIP) else None
    return known[filename]


def hit(code, line):
    path = path_of(code.co_filename)
    if line and path is not None:
        ran.setdefault(path, set()).add(line)


def watch_monitoring():
    tool = sys.monitoring.COVERAGE_ID
    sys.monitoring.use_tool_id(tool, "bugloop")

    def on_line(code, line):
        hit(code, line)
        return sys.monitoring.DISABLE

    sys.monitoring.register_callback(tool, sys.monitoring.events.LINE, on_line)
    sys.monitoring.set_events(tool, sys.monitoring.events.LINE)


def watch_trace():
    def local(frame, event, arg):
        if event == "line":
            hit(frame.f_code, frame.f_lineno)
        return local

    def trace(frame, event, arg):
        if path_of(frame.f_code.co_filename) is None:
            return None
        hit(frame.f_code, frame.f_lineno)
        return local

    sys.settrace(trace)
    threading.settrace(trace)


def executable(path):
    lines = set()
    try:
        with open(path, "rb") as file:
            todo = [compile(file.read(), path, "exec", dont_inherit=True)]
    except (OSError, SyntaxError, ValueError):
        return lines
    while todo:
        code = todo.pop()
        for entry in code.co_lines() if hasattr(code, "co_lines") else ():
            if entry[2]:
                lines.add(entry[2])
        todo.extend(const for const in code.co_consts if hasattr(const, "co_code"))
    return lines


try:
    if hasattr(sys, "monitoring"):
        watch_monitoring()
    else:
        watch_trace()
except ValueError:
    watch_trace()


def pytest_sessionfinish(session):
    report = [{"path": path, "executable": sorted(executable(path)), "executed": sorted(lines)} for path, lines in ran.items()]
    with open(OUT, "w") as file:
        json.dump(report, file)
`;

export interface PythonCoverage {
  options: string[];
  env: Record<string, string>;
  read(): Promise<Coverage | undefined>;
}

export function planPythonCoverage(setting: Setting): PythonCoverage {
  const directory = join(setting.scratch, 'python');
  const out = join(setting.scratch, 'python-coverage.json');
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'bugloop_tracer.py'), tracer);
  const path = [directory, setting.resolved.env['PYTHONPATH'] ?? ''].filter((part) => part !== '').join(':');
  return {
    options: ['-p bugloop_tracer'],
    env: { PYTHONPATH: path, BUGLOOP_ROOT: setting.root, BUGLOOP_PYTHON_COVERAGE: out },
    read: () => readTrace(out, setting),
  };
}

async function readTrace(file: string, setting: Pick<Setting, 'repoPath'>): Promise<Coverage | undefined> {
  const text = await readFile(file, 'utf8').catch(() => '[]');
  const files = new Map<string, LineHits>();
  for (const entry of readJson(text, traceReport) ?? []) {
    const path = setting.repoPath(entry.path);
    if (path === undefined) continue;
    const hits = hitsOf(files, path);
    for (const line of [...entry.executable, ...entry.executed]) hits.executable.add(line);
    for (const line of entry.executed) hits.executed.add(line);
  }
  return toCoverage(files);
}
