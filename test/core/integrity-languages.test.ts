import { describe, expect, test } from 'vitest';
import { judgeIntegrity } from '../../src/core/integrity.ts';
import type { Weight } from '../../src/core/integrity/model.ts';
import { defaultTestGlobs } from '../../src/core/paths.ts';
import { changedFile } from '../../bench/integrity/edits.ts';

/**
 * One table for each language and framework: a file of tests, and what somebody may do to it. `free` is accepted as it
 * is; `human` is accepted and told to a person; `proof` is refused unless that very test is red before and green after;
 * `refuse` is refused whatever was proven. The kinds are those of the strongest findings.
 */
type Row = [what: string, find: string | RegExp, replace: string, expected: 'free' | `${string}:${Weight}`];
interface Table {
  path: string;
  text: string;
  rows: Row[];
}

const tables: Record<string, Table> = {
  TypeScript: {
    path: 'test/parse.test.ts',
    text: `import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import * as parser from '../src/parser';
import { parse, all, ratio } from '../src/parser';

describe('parse', () => {
  it('reads a number', () => {
    expect(parse('1')).toBe(1);
    expect(ratio('1,2')).toBeCloseTo(0.5, 5);
  });
  it('reads a list', async () => {
    const list = await all('1,2');
    expect(list).toEqual([1, 2]);
    expect(list).toHaveLength(2);
    expect(list).toMatchSnapshot();
    expect(String(list)).toMatchInlineSnapshot(\`"1,2"\`);
  });
  it('refuses letters', () => {
    expect(() => parse('x')).toThrow('letters');
  });
  it.each([
    ['1', 1],
    ['2', 2],
  ])('reads %s', (text, want) => {
    expect(parse(text)).toBe(want);
  });
});
`,
    rows: [
      [
        'a new test',
        "  it('refuses",
        "  it('reads zero', () => {\n    expect(parse('0')).toBe(0);\n  });\n  it('refuses",
        'free',
      ],
      ['a case more', "['2', 2],", "['2', 2],\n    ['3', 3],", 'free'],
      ['another layout', "expect(parse('1')).toBe(1);", "expect(\n      parse('1'),\n    ).toBe(1)", 'free'],
      ['renamed', 'reads a list', 'reads lists', 'renamed:human'],
      ['stronger', 'toEqual([1, 2])', 'toStrictEqual([1, 2])', 'free'],
      ['it.concurrent', "it('reads a list'", "it.concurrent('reads a list'", 'free'],
      ['a helper renamed', /\ball\b/g, 'readAll', 'body-changed:human'],
      [
        'spy on something else',
        "    expect(parse('1'))",
        "    vi.spyOn(console, 'warn').mockImplementation(() => {});\n    expect(parse('1'))",
        'free',
      ],
      ['xdescribe', "describe('parse'", "xdescribe('parse'", 'skipped:refuse'],
      ['skipIf', "it('reads a list'", "it.skipIf(true)('reads a list'", 'skipped:refuse'],
      ['runIf', "it('reads a list'", "it.runIf(process.env.X)('reads a list'", 'skipped:refuse'],
      ['ctx.skip', "it('reads a list', async () => {", "it('reads a list', async ({ skip }) => {\n    skip();", 'skipped:refuse'],
      [
        'beforeEach skip',
        "  it('reads a number'",
        "  beforeEach((context) => context.skip());\n  it('reads a number'",
        'skipped:refuse',
      ],
      ['toEqual→arrayContaining', 'toEqual([1, 2])', 'toEqual(expect.arrayContaining([1]))', 'loosened:refuse'],
      ['toEqual→toContain', 'toEqual([1, 2])', 'toContain(1)', 'loosened:refuse'],
      ['precision', '0.5, 5', '0.5, 0', 'expectation-changed:proof'],
      ['precision dropped', ', 5)', ')', 'expectation-changed:proof'],
      ['inline snapshot', '`"1,2"`', '`"1"`', 'expectation-changed:proof'],
      ['inline snapshot emptied', '(`"1,2"`)', '()', 'loosened:refuse'],
      ['snapshot removed', '    expect(list).toMatchSnapshot();\n', '', 'assertion-removed:refuse'],
      ['toThrow bare', "toThrow('letters')", 'toThrow()', 'loosened:refuse'],
      [
        'mock module',
        'import * as parser',
        "vi.mock('../src/parser', () => ({ parse: () => 1, all: async () => [1, 2], ratio: () => 0.5 }));\nimport * as parser",
        'mock:refuse',
      ],
      [
        'mock module jest',
        "\ndescribe('parse'",
        "\njest.mock('../src/parser', () => ({ parse: () => 1 }));\ndescribe('parse'",
        'mock:refuse',
      ],
      ['automock', "\ndescribe('parse'", "\nvi.mock('../src/parser');\ndescribe('parse'", 'mock:refuse'],
      [
        'doMock',
        "\ndescribe('parse'",
        "\njest.doMock('../src/parser', () => ({ parse: () => 1 }));\ndescribe('parse'",
        'mock:refuse',
      ],
      [
        'unstable_mockModule',
        "\ndescribe('parse'",
        "\njest.unstable_mockModule('../src/parser', () => ({ parse: () => 1 }));\ndescribe('parse'",
        'mock:refuse',
      ],
      [
        'node mock.module',
        "\ndescribe('parse'",
        "\nmock.module('../src/parser', { namedExports: { parse: () => 1 } });\ndescribe('parse'",
        'mock:refuse',
      ],
      [
        'spyOn',
        "    expect(parse('1'))",
        "    vi.spyOn(parser, 'parse').mockReturnValue(1);\n    expect(parse('1'))",
        'mock:refuse',
      ],
      ['sinon', "    expect(parse('1'))", "    sinon.stub(parser, 'parse').returns(1);\n    expect(parse('1'))", 'mock:refuse'],
      ['assigned', "    expect(parse('1'))", "    parser.parse = () => 1;\n    expect(parse('1'))", 'mock:refuse'],
      ['shadowed', "    expect(parse('1'))", "    const parse = () => 1;\n    expect(parse('1'))", 'mock:refuse'],
      [
        'declared',
        "import { parse, all, ratio } from '../src/parser';",
        "import { all, ratio } from '../src/parser';\nconst parse = () => 1;",
        'mock:refuse',
      ],
      [
        'from elsewhere',
        "import { parse, all, ratio } from '../src/parser';",
        "import { all, ratio } from '../src/parser';\nimport { parse } from './fake';",
        'mock:refuse',
      ],
      [
        'moved source',
        "import { parse, all, ratio } from '../src/parser';",
        "import { parse, all, ratio } from '../src/parser/index';",
        'body-changed:human',
      ],
      ['bail', "\ndescribe('parse'", "\nvi.setConfig({ testTimeout: 1e9 });\ndescribe('parse'", 'timeout-raised:refuse'],
    ],
  },
  Python: {
    path: 'tests/test_parse.py',
    text: `import unittest
from unittest import mock

import pytest

import parser
from parser import parse, parse_all, ratio


class TestParse:
    def test_number(self):
        assert parse("1") == 1
        assert ratio("1,2") == pytest.approx(0.5, abs=0.01)

    def test_list(self, snapshot):
        values = parse_all("1,2")
        assert values == [1, 2]
        assert len(values) == 2
        assert values == snapshot


def test_letters():
    with pytest.raises(ValueError, match="letters"):
        parse("x")


@pytest.mark.parametrize(
    "text,want",
    [
        ("1", 1),
        ("2", 2),
    ],
)
def test_table(text, want):
    assert parse(text) == want


class OldTest(unittest.TestCase):
    def setUp(self):
        self.text = "1"

    def test_old(self):
        self.assertEqual(parse(self.text), 1)
        self.assertAlmostEqual(ratio("1,2"), 0.5, places=5)
        with self.assertRaises(ValueError):
            parse("x")
`,
    rows: [
      ['a new test', 'def test_letters', 'def test_zero():\n    assert parse("0") == 0\n\n\ndef test_letters', 'free'],
      ['a case more', '        ("2", 2),\n', '        ("2", 2),\n        ("3", 3),\n', 'free'],
      ['another layout', 'assert values == [1, 2]', 'assert values == [\n            1,\n            2,\n        ]', 'free'],
      ['a message more', 'assert values == [1, 2]', 'assert values == [1, 2], "both"', 'free'],
      ['renamed', 'test_list', 'test_lists', 'renamed:human'],
      ['a fixture more', 'def test_letters():', 'def test_letters(tmp_path):', 'free'],
      ['skip', 'def test_letters', '@pytest.mark.skip\ndef test_letters', 'skipped:refuse'],
      ['skipif', 'def test_letters', '@pytest.mark.skipif(sys.platform != "x", reason="")\ndef test_letters', 'skipped:refuse'],
      ['xfail', 'def test_letters', '@pytest.mark.xfail(strict=False)\ndef test_letters', 'skipped:refuse'],
      ['mark alias', 'class TestParse', 'pytestmark = pytest.mark.skip\n\n\nclass TestParse', 'skipped:refuse'],
      ['pytestmark list', 'class TestParse', 'pytestmark = [pytest.mark.xfail]\n\n\nclass TestParse', 'skipped:refuse'],
      ['module skip', 'import parser\n', 'pytest.skip("x", allow_module_level=True)\nimport parser\n', 'skipped:refuse'],
      ['importorskip', 'import parser\n', 'parser = pytest.importorskip("none")\n', 'skipped:refuse'],
      ['unittest.skip', '    def test_old', '    @unittest.skip("x")\n    def test_old', 'skipped:refuse'],
      ['expectedFailure', '    def test_old', '    @unittest.expectedFailure\n    def test_old', 'skipped:refuse'],
      ['skipTest', '        self.assertEqual(', '        self.skipTest("x")\n        self.assertEqual(', 'skipped:refuse'],
      [
        'raise SkipTest',
        '        self.assertEqual(',
        '        raise unittest.SkipTest("x")\n        self.assertEqual(',
        'skipped:refuse',
      ],
      ['setUp skips', '        self.text = "1"', '        self.text = "1"\n        self.skipTest("x")', 'skipped:refuse'],
      [
        '__test__',
        'class OldTest(unittest.TestCase):',
        'class OldTest(unittest.TestCase):\n    __test__ = False\n',
        'skipped:refuse',
      ],
      ['__init__', 'class TestParse:', 'class TestParse:\n    def __init__(self):\n        pass\n', 'skipped:refuse'],
      ['base gone', 'class OldTest(unittest.TestCase):', 'class OldTest:', 'skipped:refuse'],
      ['class renamed', 'class TestParse', 'class ParseCases', 'skipped:refuse'],
      ['param skip', '("2", 2),', 'pytest.param("2", 2, marks=pytest.mark.skip),', 'skipped:refuse'],
      ['a case gone', '        ("2", 2),\n', '', 'row-removed:refuse'],
      ['a case edited', '("2", 2)', '("2", 0)', 'row-changed:proof'],
      ['approx widened', 'abs=0.01', 'abs=10', 'loosened:refuse'],
      ['approx none', 'pytest.approx(0.5, abs=0.01)', 'mock.ANY', 'loosened:refuse'],
      ['== → in', 'assert values == [1, 2]', 'assert 1 in values', 'loosened:refuse'],
      ['== → isinstance', 'assert values == [1, 2]', 'assert isinstance(values, list)', 'loosened:refuse'],
      ['== → is not None', 'assert values == [1, 2]', 'assert values is not None', 'loosened:refuse'],
      ['== → >=', 'assert len(values) == 2', 'assert len(values) >= 0', 'loosened:refuse'],
      ['== → set', 'assert values == [1, 2]', 'assert set(values) == {1, 2}', 'expectation-changed:proof'],
      ['or', 'assert values == [1, 2]', 'assert values == [1, 2] or values == []', 'loosened:refuse'],
      ['tuple', 'assert values == [1, 2]', 'assert (values == [1, 2], "both")', 'assertion-removed:refuse'],
      ['another expectation', 'values == [1, 2]', 'values == [1]', 'expectation-changed:proof'],
      ['an assertion gone', '        assert len(values) == 2\n', '', 'assertion-removed:refuse'],
      ['match gone', ', match="letters"', '', 'loosened:refuse'],
      ['raises wider', 'pytest.raises(ValueError', 'pytest.raises(Exception', 'loosened:refuse'],
      [
        'raises gone',
        '    with pytest.raises(ValueError, match="letters"):\n        parse("x")',
        '    try:\n        parse("x")\n    except Exception:\n        pass',
        'emptied:refuse',
      ],
      [
        'suppress',
        '    with pytest.raises(ValueError, match="letters"):',
        '    with contextlib.suppress(Exception):',
        'emptied:refuse',
      ],
      [
        'suppress around',
        '        assert values == [1, 2]',
        '        with contextlib.suppress(AssertionError):\n            assert values == [1, 2]',
        'swallowed:refuse',
      ],
      ['places', 'places=5', 'places=0', 'loosened:refuse'],
      ['assertEqual→assertIsNotNone', 'assertEqual(parse(self.text), 1)', 'assertIsNotNone(parse(self.text))', 'loosened:refuse'],
      [
        'patch decorator',
        '    def test_number(self):',
        '    @mock.patch("parser.parse", return_value=1)\n    def test_number(self, _):',
        'mock:refuse',
      ],
      [
        'patch with',
        '        assert parse("1") == 1',
        '        with mock.patch("parser.parse", return_value=1):\n            assert parse("1") == 1',
        'mock:refuse',
      ],
      [
        'patch.object',
        '        assert parse("1") == 1',
        '        with mock.patch.object(parser, "parse", return_value=1):\n            assert parse("1") == 1',
        'mock:refuse',
      ],
      [
        'monkeypatch',
        '    def test_number(self):',
        '    def test_number(self, monkeypatch):\n        monkeypatch.setattr("parser.parse", lambda text: 1)',
        'mock:refuse',
      ],
      [
        'monkeypatch obj',
        '    def test_number(self):',
        '    def test_number(self, monkeypatch):\n        monkeypatch.setattr(parser, "parse", lambda text: 1)',
        'mock:refuse',
      ],
      [
        'mocker',
        '    def test_number(self):',
        '    def test_number(self, mocker):\n        mocker.patch("parser.parse", return_value=1)',
        'mock:refuse',
      ],
      [
        'assigned',
        '        assert parse("1") == 1',
        '        parser.parse = lambda text: 1\n        assert parse("1") == 1',
        'mock:refuse',
      ],
      [
        'what is tested is declared by the test file',
        'class TestParse',
        'def parse(text):\n    return 1\n\n\nclass TestParse',
        'mock:refuse',
      ],
      ['what is tested is a lambda', 'class TestParse', 'parse = lambda text: 1\n\n\nclass TestParse', 'mock:refuse'],
      [
        'mock something else',
        '    def test_number(self):',
        '    @mock.patch("time.time", return_value=1)\n    def test_number(self, _):',
        'free',
      ],
      ['exit', 'import parser\n', 'import parser\nimport os; os._exit(0)\n', 'exit-added:refuse'],
      ['return', '        values =', '        return\n        values =', 'skipped:refuse'],
      [
        'autouse fixture skip',
        'class TestParse',
        '@pytest.fixture(autouse=True)\ndef off():\n    pytest.skip("x")\n\n\nclass TestParse',
        'skipped:refuse',
      ],
    ],
  },
  Go: {
    path: 'parse_test.go',
    text: `package parse

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestNumber(t *testing.T) {
	got := Parse("1")
	if got != 1 {
		t.Errorf("got %d", got)
	}
}

func TestList(t *testing.T) {
	t.Parallel()
	list, err := ParseAll("1,2")
	require.NoError(t, err)
	assert.Equal(t, []int{1, 2}, list)
	assert.InDelta(t, 0.5, Ratio(list), 0.01)
	assert.Len(t, list, 2)
}

func TestTable(t *testing.T) {
	for _, c := range []struct {
		in   string
		want int
	}{
		{"1", 1},
		{"2", 2},
	} {
		t.Run(c.in, func(t *testing.T) {
			assert.Equal(t, c.want, Parse(c.in))
		})
	}
}

func TestGroup(t *testing.T) {
	t.Run("letters", func(t *testing.T) {
		if _, err := ParseAll("x"); err == nil {
			t.Fatal("no error")
		}
	})
	t.Run("empty", func(t *testing.T) {
		assert.Equal(t, 0, Parse(""))
	})
}
`,
    rows: [
      [
        'a new test',
        'func TestGroup',
        'func TestZero(t *testing.T) {\n\tassert.Equal(t, 0, Parse("0"))\n}\n\nfunc TestGroup',
        'free',
      ],
      ['a case more', '{"2", 2},', '{"2", 2},\n\t\t{"3", 3},', 'free'],
      [
        'a subtest more',
        '\tt.Run("empty"',
        '\tt.Run("more", func(t *testing.T) {\n\t\tassert.Equal(t, 7, Parse("7"))\n\t})\n\tt.Run("empty"',
        'free',
      ],
      ['stronger', 'assert.Len(t, list, 2)', 'assert.Equal(t, []int{1, 2}, list[:2])', 'expectation-changed:proof'],
      ['another layout', '{"1", 1},\n\t\t{"2", 2},', '{"1",  1},\n\n\t\t{"2",  2},', 'free'],
      ['renamed', 'func TestList', 'func TestLists', 'renamed:human'],
      [
        'a helper more',
        'func TestList',
        'func must(t *testing.T, err error) {\n\tt.Helper()\n\tif err != nil {\n\t\tt.Fatal(err)\n\t}\n}\n\nfunc TestList',
        'free',
      ],
      ['deleted', /func TestList[^]*?\n}\n/, '', 'deleted:refuse'],
      ['subtest deleted', /\tt\.Run\("empty"[^]*?\n\t}\)\n/, '', 'deleted:refuse'],
      ['renamed so it is not run', 'func TestList', 'func testList', 'deleted:refuse'],
      ['t.Skip', '\tgot :=', '\tt.Skip("later")\n\tgot :=', 'skipped:refuse'],
      ['t.SkipNow', '\tgot :=', '\tt.SkipNow()\n\tgot :=', 'skipped:refuse'],
      ['testing.Short', '\tgot :=', '\tif testing.Short() {\n\t\tt.Skip()\n\t}\n\tgot :=', 'swallowed:refuse'],
      ['skip in subtest', '\t\tassert.Equal(t, 0', '\t\tt.Skip()\n\t\tassert.Equal(t, 0', 'skipped:refuse'],
      ['build tag', 'package parse', '//go:build ignore\n\npackage parse', 'skipped:refuse'],
      ['old build tag', 'package parse', '// +build integration\n\npackage parse', 'skipped:refuse'],
      ['return first', '\tgot :=', '\treturn\n\tgot :=', 'skipped:refuse'],
      ['Errorf → Logf', 't.Errorf(', 't.Logf(', 'emptied:refuse'],
      ['an assertion gone', '\tassert.Len(t, list, 2)\n', '', 'assertion-removed:refuse'],
      ['error ignored', '\trequire.NoError(t, err)\n', '\t_ = err\n', 'assertion-removed:refuse'],
      ['Equal→NotNil', 'assert.Equal(t, []int{1, 2}, list)', 'assert.NotNil(t, list)', 'loosened:refuse'],
      ['Equal→NotEmpty', 'assert.Equal(t, []int{1, 2}, list)', 'assert.NotEmpty(t, list)', 'loosened:refuse'],
      ['Equal→Contains', 'assert.Equal(t, []int{1, 2}, list)', 'assert.Contains(t, list, 1)', 'loosened:refuse'],
      ['Equal→True', 'assert.Equal(t, []int{1, 2}, list)', 'assert.True(t, len(list) > 0)', 'loosened:refuse'],
      ['a wider tolerance', '0.01)', '10)', 'loosened:refuse'],
      ['another expectation', '[]int{1, 2}, list)', '[]int{1}, list)', 'expectation-changed:proof'],
      ['if condition', 'got != 1', 'got != 2', 'expectation-changed:proof'],
      ['if loosened', 'got != 1', 'got < 0', 'expectation-changed:proof'],
      ['if &&false', 'if got != 1', 'if got != 1 && false', 'expectation-changed:proof'],
      ['if false', 'if got != 1', 'if false', 'skipped:refuse'],
      ['a case gone', '\t\t{"2", 2},\n', '', 'row-removed:refuse'],
      ['a case edited', '{"2", 2}', '{"2", 0}', 'row-changed:proof'],
      ['TestMain', 'func TestNumber', 'func TestMain(m *testing.M) {\n\tos.Exit(0)\n}\n\nfunc TestNumber', 'exit-added:refuse'],
      ['TestMain does not run', 'func TestNumber', 'func TestMain(m *testing.M) {\n}\n\nfunc TestNumber', 'exit-added:refuse'],
      ['recover', '\tgot := ', '\tdefer func() { recover() }()\n\tgot := ', 'swallowed:refuse'],
      [
        'what is tested is declared by the test file',
        'func TestNumber',
        'func Parse(string) int { return 1 }\n\nfunc TestNumber',
        'mock:refuse',
      ],
      [
        'what is tested is declared in the test',
        '\tgot := Parse',
        '\tParse := func(string) int { return 1 }\n\tgot := Parse',
        'mock:refuse',
      ],
      ['what is tested is assigned', '\tgot := Parse', '\tParse = func(string) int { return 1 }\n\tgot := Parse', 'mock:refuse'],
      ['table continue', '\t\tt.Run(c.in', '\t\tif c.in == "2" {\n\t\t\tcontinue\n\t\t}\n\t\tt.Run(c.in', 'conditional:proof'],
    ],
  },
  Rust: {
    path: 'tests/parse.rs',
    text: `use parse::{parse, parse_all, ratio};

#[test]
fn number() {
    assert_eq!(parse("1"), 1);
}

#[test]
fn list() {
    let list = parse_all("1,2").unwrap();
    assert_eq!(list, vec![1, 2]);
    assert!((ratio(&list) - 0.5).abs() < 0.01);
    assert!(matches!(list.first(), Some(1)));
}

#[test]
#[should_panic(expected = "letters")]
fn letters() {
    parse("x");
}

#[test]
fn table() {
    let cases = [("1", 1), ("2", 2)];
    for (text, want) in cases {
        assert_eq!(parse(text), want);
    }
}
`,
    rows: [
      ['a new test', '#[test]\nfn list', '#[test]\nfn zero() {\n    assert_eq!(parse("0"), 0);\n}\n\n#[test]\nfn list', 'free'],
      ['a case more', '("2", 2)]', '("2", 2), ("3", 3)]', 'free'],
      ['another layout', 'assert_eq!(list, vec![1, 2]);', 'assert_eq!(\n        list,\n        vec![1, 2],\n    );', 'free'],
      ['renamed', 'fn list', 'fn lists', 'renamed:human'],
      ['a message more', 'assert_eq!(parse("1"), 1);', 'assert_eq!(parse("1"), 1, "one");', 'free'],
      ['deleted', /#\[test\]\nfn list[^]*?\n}\n/, '', 'deleted:refuse'],
      ['#[test] gone', '#[test]\nfn list', 'fn list', 'deleted+mock:refuse'],
      ['ignore', '#[test]\nfn list', '#[test]\n#[ignore]\nfn list', 'skipped:refuse'],
      ['ignore reason', '#[test]\nfn list', '#[test]\n#[ignore = "slow"]\nfn list', 'skipped:refuse'],
      ['cfg_attr ignore', '#[test]\nfn list', '#[test]\n#[cfg_attr(not(feature = "slow"), ignore)]\nfn list', 'skipped:refuse'],
      ['cfg feature', '#[test]\nfn list', '#[cfg(feature = "slow")]\n#[test]\nfn list', 'skipped:refuse'],
      ['cfg windows', '#[test]\nfn list', '#[cfg(windows)]\n#[test]\nfn list', 'skipped:refuse'],
      ['file cfg', 'use parse', '#![cfg(feature = "never")]\nuse parse', 'skipped:refuse'],
      ['should_panic added', '#[test]\nfn list', '#[test]\n#[should_panic]\nfn list', 'skipped:refuse'],
      ['should_panic msg dropped', '#[should_panic(expected = "letters")]', '#[should_panic]', 'loosened:refuse'],
      ['should_panic msg changed', '"letters"', '"l"', 'expectation-changed:proof'],
      ['return first', '    let list', '    return;\n    let list', 'skipped:refuse'],
      ['an assertion gone', /    assert!\(matches.*\n/, '', 'assertion-removed:refuse'],
      ['assert_eq → assert_ne', 'assert_eq!(list, vec![1, 2])', 'assert_ne!(list, vec![])', 'loosened:refuse'],
      ['eq→assert', 'assert_eq!(list, vec![1, 2])', 'assert!(!list.is_empty())', 'loosened:refuse'],
      ['eq→contains', 'assert_eq!(list, vec![1, 2])', 'assert!(list.contains(&1))', 'loosened:refuse'],
      ['debug', 'assert_eq!(list', 'debug_assert_eq!(list', 'loosened:refuse'],
      ['a wider tolerance', '< 0.01', '< 10.0', 'expectation-changed:proof'],
      ['wildcard', 'Some(1)', 'Some(_)', 'loosened:refuse'],
      ['another expectation', 'vec![1, 2]', 'vec![1]', 'expectation-changed:proof'],
      ['a case gone', ', ("2", 2)', '', 'row-removed:refuse'],
      ['a case edited', '("2", 2)', '("2", 0)', 'row-changed:proof'],
      [
        'catch_unwind',
        'assert_eq!(parse("1"), 1);',
        'let _ = std::panic::catch_unwind(|| {\n        assert_eq!(parse("1"), 1);\n    });',
        'swallowed:refuse',
      ],
      [
        'what is tested is mocked',
        'use parse::{parse, parse_all, ratio};',
        'use parse::{parse_all, ratio};\nfn parse(_: &str) -> i32 { 1 }',
        'mock:refuse',
      ],
      [
        'what is tested is declared in the test',
        '    assert_eq!(parse("1")',
        '    let parse = |_: &str| 1;\n    assert_eq!(parse("1")',
        'mock:refuse',
      ],
      ['exit', '    assert_eq!(parse("1")', '    std::process::exit(0);\n    assert_eq!(parse("1")', 'exit-added:refuse'],
      ['if false', 'assert_eq!(parse("1"), 1);', 'if false {\n        assert_eq!(parse("1"), 1);\n    }', 'skipped:refuse'],
      [
        'env',
        'assert_eq!(parse("1"), 1);',
        'if std::env::var("CI").is_ok() {\n        assert_eq!(parse("1"), 1);\n    }',
        'skipped:refuse',
      ],
    ],
  },
  Java: {
    path: 'src/test/java/a/ParseTest.java',
    text: `package a;

import static org.junit.jupiter.api.Assertions.*;

class ParseTest {
    @Test
    void number() {
        assertEquals(1, Parser.parse("1"));
        assertThat(Parser.parse("2")).isEqualTo(2);
        assertEquals(0.5, Parser.ratio("1,2"), 0.01);
    }

    @Test
    void list() {
        List<Integer> list = Parser.all("1,2");
        assertThat(list).containsExactly(1, 2);
        assertThat(list).hasSize(2);
        verify(sink, times(1)).accept(2);
    }

    @Test
    void letters() {
        assertThrows(IllegalArgumentException.class, () -> Parser.parse("x"));
    }

    @ParameterizedTest
    @CsvSource({"1, 1", "2, 2"})
    void table(String text, int want) {
        assertEquals(want, Parser.parse(text));
    }
}
`,
    rows: [
      [
        'a new test',
        '    @Test\n    void letters',
        '    @Test\n    void zero() {\n        assertEquals(0, Parser.parse("0"));\n    }\n\n    @Test\n    void letters',
        'free',
      ],
      ['a case more', '"2, 2"}', '"2, 2", "3, 3"}', 'free'],
      [
        'another layout',
        'assertEquals(1, Parser.parse("1"));',
        'assertEquals(\n            1,\n            Parser.parse("1"));',
        'free',
      ],
      ['renamed', 'void list', 'void lists', 'renamed:human'],
      ['a message more', 'assertEquals(1, Parser.parse("1"))', 'assertEquals(1, Parser.parse("1"), "one")', 'free'],
      ['stronger', 'isEqualTo(2)', 'isEqualTo(2).isPositive()', 'loosened:refuse'],
      ['deleted', /    @Test\n    void letters[^]*?\n    }\n/, '', 'deleted:refuse'],
      ['@Test gone', '    @Test\n    void letters', '    void letters', 'deleted:refuse'],
      ['@Disabled', '    void letters', '    @Disabled("later")\n    void letters', 'skipped:refuse'],
      ['@Ignore', '    void letters', '    @Ignore\n    void letters', 'skipped:refuse'],
      ['@Test(enabled=false)', '    @Test\n    void letters', '    @Test(enabled = false)\n    void letters', 'skipped:refuse'],
      [
        'EnabledIf',
        '    void letters',
        '    @EnabledIfEnvironmentVariable(named = "CI", matches = "no")\n    void letters',
        'skipped:refuse',
      ],
      ['EnabledOnOs', '    void letters', '    @EnabledOnOs(OS.WINDOWS)\n    void letters', 'skipped:refuse'],
      ['assume', '        List<Integer> list', '        assumeTrue(false);\n        List<Integer> list', 'skipped:refuse'],
      [
        'Assume.',
        '        List<Integer> list',
        '        Assumptions.assumeTrue(System.getenv("X") != null);\n        List<Integer> list',
        'skipped:refuse',
      ],
      [
        'throw skip',
        '        List<Integer> list',
        '        throw new SkipException("x");\n        List<Integer> list',
        'skipped:refuse',
      ],
      [
        'throw aborted',
        '        List<Integer> list',
        '        throw new TestAbortedException();\n        List<Integer> list',
        'skipped:refuse',
      ],
      ['class disabled', 'class ParseTest', '@Disabled\nclass ParseTest', 'skipped:refuse'],
      ['abstract class', 'class ParseTest', 'abstract class ParseTest', 'skipped:refuse'],
      ['return', '        List<Integer> list', '        if (true) return;\n        List<Integer> list', 'skipped:refuse'],
      ['an assertion gone', /        assertThat\(list\)\.hasSize.*\n/, '', 'assertion-removed:refuse'],
      ['verify removed', /        verify.*\n/, '', 'assertion-removed:refuse'],
      ['verify loosened', 'verify(sink, times(1)).accept(2)', 'verify(sink, atLeast(0)).accept(anyInt())', 'loosened:refuse'],
      ['assertEquals→assertTrue', 'assertEquals(1, Parser.parse("1"))', 'assertTrue(Parser.parse("1") > 0)', 'loosened:refuse'],
      ['assertEquals→assertNotNull', 'assertEquals(1, Parser.parse("1"))', 'assertNotNull(Parser.parse("1"))', 'loosened:refuse'],
      ['isEqualTo→isNotNull', 'isEqualTo(2)', 'isNotNull()', 'loosened:refuse'],
      ['isEqualTo→isIn', 'isEqualTo(2)', 'isIn(0, 2)', 'loosened:refuse'],
      ['isEqualTo→isNotEqualTo', 'isEqualTo(2)', 'isNotEqualTo(3)', 'loosened:refuse'],
      ['containsExactly→contains', 'containsExactly(1, 2)', 'contains(1)', 'loosened:refuse'],
      ['containsExactly→anyOrder', 'containsExactly(1, 2)', 'containsExactlyInAnyOrder(2, 1)', 'expectation-changed:proof'],
      ['a wider tolerance', '0.01)', '10.0)', 'loosened:refuse'],
      ['assertThrows wider', 'IllegalArgumentException.class', 'Exception.class', 'loosened:refuse'],
      [
        'assertThrows→doesNotThrow',
        'assertThrows(IllegalArgumentException.class, () -> Parser.parse("x"))',
        'assertDoesNotThrow(() -> Parser.parse("1"))',
        'expectation-changed:proof',
      ],
      ['another expectation', 'assertEquals(1, ', 'assertEquals(0, ', 'expectation-changed:proof'],
      ['a case gone', ', "2, 2"', '', 'row-removed:refuse'],
      ['a case edited', '"2, 2"', '"2, 0"', 'row-changed:proof'],
      [
        'swallowed',
        '        assertEquals(1, Parser.parse("1"));',
        '        try {\n            assertEquals(1, Parser.parse("1"));\n        } catch (AssertionError e) {\n            System.out.println(e);\n        }',
        'swallowed:refuse',
      ],
      [
        'what is tested is mocked',
        '        assertEquals(1, Parser',
        '        Parser Parser = mock(Parser.class);\n        when(Parser.parse("1")).thenReturn(1);\n        assertEquals(1, Parser',
        'mock:refuse',
      ],
      [
        'mockStatic',
        '        assertEquals(1, Parser',
        '        mockStatic(Parser.class).when(() -> Parser.parse("1")).thenReturn(1);\n        assertEquals(1, Parser',
        'mock:refuse',
      ],
      [
        'what is tested is declared by the test class',
        '    @Test\n    void number',
        '    static class Parser {\n        static int parse(String s) { return 1; }\n    }\n\n    @Test\n    void number',
        'mock:refuse',
      ],
      ['timeouts', '    void letters', '    @Timeout(600)\n    void letters', 'timeout-raised:refuse'],
      [
        'expected attr',
        '    @Test\n    void number',
        '    @Test(expected = AssertionError.class)\n    void number',
        'skipped:refuse',
      ],
      ['exit', '        List<Integer> list', '        System.exit(0);\n        List<Integer> list', 'exit-added:refuse'],
      ['retry', '    @Test\n    void letters', '    @RetryingTest(5)\n    void letters', 'deleted:refuse'],
    ],
  },
  RSpec: {
    path: 'spec/parse_spec.rb',
    text: `require "spec_helper"

RSpec.describe Parser do
  let(:text) { "1,2" }

  it "reads a number" do
    expect(Parser.parse("1")).to eq(1)
    expect(Parser.ratio(text)).to be_within(0.01).of(0.5)
  end

  it "reads a list" do
    list = Parser.all(text)
    expect(list).to eq([1, 2])
    expect(list.size).to eq 2
  end

  context "with letters" do
    it "raises" do
      expect { Parser.parse("x") }.to raise_error(ArgumentError, /letters/)
    end
  end

  [["1", 1], ["2", 2]].each do |text, want|
    it "reads #{text}" do
      expect(Parser.parse(text)).to eq(want)
    end
  end
end
`,
    rows: [
      [
        'a new test',
        '  it "reads a list"',
        '  it "reads zero" do\n    expect(Parser.parse("0")).to eq(0)\n  end\n\n  it "reads a list"',
        'free',
      ],
      ['a case more', '["2", 2]]', '["2", 2], ["3", 3]]', 'free'],
      ['another layout', 'to eq 2', 'to eq(2)', 'free'],
      ['a chain on two lines', 'expect(list).to eq([1, 2])', 'expect(list)\n      .to eq([1, 2])', 'free'],
      ['renamed', '"reads a list"', '"reads lists"', 'renamed:human'],
      ['another word for equal', 'expect(list.size).to eq 2', 'expect(list.size).to eql 2', 'free'],
      ['deleted', /  it "reads a list"[^]*?\n  end\n/, '', 'deleted:refuse'],
      ['xit', '  it "reads a list"', '  xit "reads a list"', 'skipped:refuse'],
      ['pending meta', '"reads a list" do', '"reads a list", pending: "later" do', 'skipped:refuse'],
      ['skip meta', '"reads a list" do', '"reads a list", skip: true do', 'skipped:refuse'],
      [':skip', '"reads a list" do', '"reads a list", :skip do', 'skipped:refuse'],
      ['if meta', '"reads a list" do', '"reads a list", if: ENV["CI"] do', 'skipped:refuse'],
      ['skip call', '    list =', '    skip "later"\n    list =', 'skipped:refuse'],
      ['pending call', '    list =', '    pending "later"\n    list =', 'skipped:refuse'],
      ['xcontext', '  context "with', '  xcontext "with', 'skipped:refuse'],
      ['xdescribe', 'RSpec.describe', 'RSpec.xdescribe', 'skipped:refuse'],
      ['before skip', '  let(:text)', '  before { skip }\n  let(:text)', 'skipped:refuse'],
      ['next', '    list =', '    next\n    list =', 'skipped:refuse'],
      ['pending no block', /  it "reads a list" do[^]*?\n  end\n/, '  it "reads a list"\n', 'emptied:refuse'],
      ['fit', '  it "reads a list"', '  fit "reads a list"', 'focused:refuse'],
      ['focus', '"reads a list" do', '"reads a list", focus: true do', 'focused:refuse'],
      [':focus', '"reads a list" do', '"reads a list", :focus do', 'focused:refuse'],
      ['fdescribe', 'RSpec.describe', 'RSpec.fdescribe', 'focused:refuse'],
      ['fcontext', '  context "with', '  fcontext "with', 'focused:refuse'],
      ['an assertion gone', '    expect(list.size).to eq 2\n', '', 'assertion-removed:refuse'],
      ['eq→be_truthy', 'to eq([1, 2])', 'to be_truthy', 'loosened:refuse'],
      ['eq→include', 'to eq([1, 2])', 'to include(1)', 'loosened:refuse'],
      ['eq→match_array', 'to eq([1, 2])', 'to match_array([2, 1])', 'expectation-changed:proof'],
      ['eq→not_to eq', 'to eq([1, 2])', 'not_to eq([])', 'loosened:refuse'],
      ['eq→be > 0', 'to eq 2', 'to be > 0', 'loosened:refuse'],
      ['eq→be_a', 'to eq([1, 2])', 'to be_a(Array)', 'loosened:refuse'],
      ['eq→not be nil', 'to eq([1, 2])', 'not_to be_nil', 'loosened:refuse'],
      ['eq→anything', 'eq([1, 2])', 'eq(anything)', 'loosened:refuse'],
      ['a wider tolerance', 'be_within(0.01)', 'be_within(10)', 'loosened:refuse'],
      ['raise_error bare', 'raise_error(ArgumentError, /letters/)', 'raise_error', 'loosened:refuse'],
      ['raise_error wider', 'raise_error(ArgumentError, /letters/)', 'raise_error(ArgumentError)', 'loosened:refuse'],
      ['raise_error gone', '.to raise_error(ArgumentError, /letters/)', '.not_to raise_error', 'loosened:refuse'],
      ['another expectation', 'eq([1, 2])', 'eq([1])', 'expectation-changed:proof'],
      ['a case gone', ', ["2", 2]', '', 'row-removed:refuse'],
      ['a case edited', '["2", 2]', '["2", 0]', 'row-changed:proof'],
      [
        'swallowed',
        '    expect(list).to eq([1, 2])',
        '    begin\n      expect(list).to eq([1, 2])\n    rescue RSpec::Expectations::ExpectationNotMetError\n    end',
        'swallowed:refuse',
      ],
      [
        'swallowed modifier',
        'expect(list).to eq([1, 2])',
        'expect(list).to eq([1, 2]) rescue nil',
        'assertion-removed+swallowed:refuse',
      ],
      [
        'what is tested is mocked',
        '    expect(Parser.parse("1"))',
        '    allow(Parser).to receive(:parse).and_return(1)\n    expect(Parser.parse("1"))',
        'mock:refuse',
      ],
      [
        'what is tested is mocked in a hook',
        '  let(:text)',
        '  before { allow(Parser).to receive(:parse).with("1").and_return(1) }\n  let(:text)',
        'mock:refuse',
      ],
      [
        'what is tested is redefined in a hook',
        '  let(:text)',
        '  before do\n    def Parser.parse(*) = 1\n  end\n  let(:text)',
        'mock:refuse',
      ],
      ['if false', '    expect(list).to eq([1, 2])', '    expect(list).to eq([1, 2]) if false', 'skipped:refuse'],
      ['unless ENV', '    expect(list).to eq([1, 2])', '    expect(list).to eq([1, 2]) unless ENV["CI"]', 'skipped:refuse'],
      ['exit', 'require "spec_helper"', 'require "spec_helper"\nexit 0', 'exit-added:refuse'],
      ['at_exit', 'require "spec_helper"', 'require "spec_helper"\nat_exit { exit!(0) }', 'exit-added:refuse'],
      ['retry', '"reads a list" do', '"reads a list", retry: 5 do', 'retries-raised:refuse'],
      ['an assertion more', '    list =', '    expect(list).to be_a(Array)\n    list =', 'free'],
    ],
  },
  Minitest: {
    path: 'test/parse_test.rb',
    text: `require "test_helper"

class ParseTest < Minitest::Test
  def test_number
    assert_equal 1, Parser.parse("1")
    assert_in_delta 0.5, Parser.ratio("1,2"), 0.01
  end

  def test_list
    list = Parser.all("1,2")
    assert_equal [1, 2], list
    assert_includes list, 2
    _(list.size).must_equal 2
  end

  def test_letters
    assert_raises(ArgumentError) { Parser.parse("x") }
  end
end
`,
    rows: [
      [
        'a new test',
        '  def test_list',
        '  def test_zero\n    assert_equal 0, Parser.parse("0")\n  end\n\n  def test_list',
        'free',
      ],
      ['parens', 'assert_equal 1, Parser.parse("1")', 'assert_equal(1, Parser.parse("1"))', 'free'],
      ['a message more', 'assert_equal [1, 2], list', 'assert_equal [1, 2], list, "both"', 'free'],
      ['renamed', 'test_list', 'test_lists', 'renamed:human'],
      ['deleted', /  def test_letters[^]*?\n  end\n/, '', 'deleted:refuse'],
      ['not collected', 'def test_list', 'def check_list', 'deleted:refuse'],
      ['private', '  def test_list', '  private\n\n  def test_list', 'skipped:refuse'],
      ['skip', '    list =', '    skip\n    list =', 'skipped:refuse'],
      ['omit', '    list =', '    omit("x")\n    list =', 'skipped:refuse'],
      ['return', '    list =', '    return\n    list =', 'skipped:refuse'],
      ['return if', '    list =', '    return if ENV["CI"]\n    list =', 'skipped:refuse'],
      ['an assertion gone', '    assert_includes list, 2\n', '', 'assertion-removed:refuse'],
      ['equal→assert', 'assert_equal [1, 2], list', 'assert list', 'loosened:refuse'],
      ['equal→includes', 'assert_equal [1, 2], list', 'assert_includes list, 1', 'loosened:refuse'],
      ['equal→refute', 'assert_equal [1, 2], list', 'refute_empty list', 'loosened:refuse'],
      ['equal→refute_nil', 'assert_equal [1, 2], list', 'refute_nil list', 'loosened:refuse'],
      ['must_equal→wont_be_nil', 'must_equal 2', 'wont_be_nil', 'loosened:refuse'],
      ['a wider tolerance', ', 0.01', ', 10', 'loosened:refuse'],
      ['raises wider', 'assert_raises(ArgumentError)', 'assert_raises(StandardError)', 'loosened:refuse'],
      [
        'raises → nothing',
        'assert_raises(ArgumentError) { Parser.parse("x") }',
        'Parser.parse("x") rescue nil',
        'emptied+swallowed:refuse',
      ],
      ['another expectation', 'assert_equal [1, 2]', 'assert_equal [1]', 'expectation-changed:proof'],
      [
        'stub',
        '    assert_equal 1, Parser.parse("1")',
        '    Parser.stub :parse, 1 do\n      assert_equal 1, Parser.parse("1")\n    end',
        'mock:refuse',
      ],
      ['mocha stub', '    assert_equal 1, P', '    Parser.stubs(:parse).returns(1)\n    assert_equal 1, P', 'mock:refuse'],
      ['what is tested is redefined', '  def test_number', '  def Parser.parse(_) = 1\n\n  def test_number', 'mock:refuse'],
    ],
  },
  PHPUnit: {
    path: 'tests/ParseTest.php',
    text: `<?php

use PHPUnit\\Framework\\TestCase;

final class ParseTest extends TestCase
{
    public function testNumber(): void
    {
        $this->assertSame(1, Parser::parse('1'));
        $this->assertEqualsWithDelta(0.5, Parser::ratio('1,2'), 0.01);
    }

    public function testList(): void
    {
        $list = Parser::all('1,2');
        self::assertEquals([1, 2], $list);
        self::assertCount(2, $list);
    }

    public function testLetters(): void
    {
        $this->expectException(InvalidArgumentException::class);
        $this->expectExceptionMessage('letters');
        Parser::parse('x');
    }

    #[DataProvider('numbers')]
    public function testTable(string $text, int $want): void
    {
        $this->assertSame($want, Parser::parse($text));
    }

    public static function numbers(): array
    {
        return [
            ['1', 1],
            ['2', 2],
        ];
    }
}
`,
    rows: [
      [
        'a new test',
        '    public function testList',
        "    public function testZero(): void\n    {\n        $this->assertSame(0, Parser::parse('0'));\n    }\n\n    public function testList",
        'free',
      ],
      ['a case more', "['2', 2],", "['2', 2],\n            ['3', 3],", 'free'],
      [
        'another layout',
        "$this->assertSame(1, Parser::parse('1'));",
        "$this->assertSame(\n            1,\n            Parser::parse('1'),\n        );",
        'free',
      ],
      ['renamed', 'testList', 'testLists', 'renamed:human'],
      ['stronger', 'self::assertEquals(', 'self::assertSame(', 'free'],
      ['deleted', /    public function testList[^]*?\n    }\n/, '', 'deleted:refuse'],
      ['not collected', 'function testList', 'function list', 'deleted:refuse'],
      ['private', 'public function testList', 'private function testList', 'skipped:refuse'],
      ['markTestSkipped', '        $list =', "        $this->markTestSkipped('later');\n        $list =", 'skipped:refuse'],
      ['self::markTestSkipped', '        $list =', "        self::markTestSkipped('later');\n        $list =", 'skipped:refuse'],
      ['markTestIncomplete', '        $list =', '        $this->markTestIncomplete();\n        $list =', 'skipped:refuse'],
      ['static::incomplete', '        $list =', '        static::markTestIncomplete();\n        $list =', 'skipped:refuse'],
      [
        'requires',
        '    public function testList',
        '    #[RequiresPhpExtension("nothing")]\n    public function testList',
        'skipped:refuse',
      ],
      [
        '@requires',
        '    public function testList',
        '    /** @requires PHP 99 */\n    public function testList',
        'skipped:refuse',
      ],
      [
        'doesNotPerformAssertions',
        '    public function testList',
        '    #[DoesNotPerformAssertions]\n    public function testList',
        'skipped:refuse',
      ],
      ['abstract', 'final class', 'abstract class', 'skipped:refuse'],
      [
        'setUp skip',
        '    public function testNumber',
        '    protected function setUp(): void\n    {\n        $this->markTestSkipped();\n    }\n\n    public function testNumber',
        'skipped:refuse',
      ],
      ['return', '        $list =', '        return;\n        $list =', 'skipped:refuse'],
      ['an assertion gone', '        self::assertCount(2, $list);\n', '', 'assertion-removed:refuse'],
      ['Same→True', "assertSame(1, Parser::parse('1'))", "assertTrue(Parser::parse('1') > 0)", 'loosened:refuse'],
      ['Same→Equals', 'assertSame(1, Parser', 'assertEquals(1, Parser', 'loosened:refuse'],
      ['Same→NotNull', "assertSame(1, Parser::parse('1'))", "assertNotNull(Parser::parse('1'))", 'loosened:refuse'],
      ['Same→IsInt', "assertSame(1, Parser::parse('1'))", "assertIsInt(Parser::parse('1'))", 'loosened:refuse'],
      ['Equals→Contains', 'assertEquals([1, 2], $list)', 'assertContains(1, $list)', 'loosened:refuse'],
      ['Equals→Canonicalizing', 'assertEquals([1, 2], $list)', 'assertEqualsCanonicalizing([2, 1], $list)', 'loosened:refuse'],
      ['Equals→NotEmpty', 'assertEquals([1, 2], $list)', 'assertNotEmpty($list)', 'loosened:refuse'],
      ['Equals→NotEquals', 'assertEquals([1, 2], $list)', 'assertNotEquals([], $list)', 'loosened:refuse'],
      ['a wider tolerance', '0.01)', '10)', 'loosened:refuse'],
      ['exception gone', '        $this->expectException(InvalidArgumentException::class);\n', '', 'assertion-removed:refuse'],
      ['exception wider', 'InvalidArgumentException::class', '\\Throwable::class', 'loosened:refuse'],
      ['message gone', "        $this->expectExceptionMessage('letters');\n", '', 'assertion-removed:refuse'],
      ['another expectation', 'assertEquals([1, 2]', 'assertEquals([1]', 'expectation-changed:proof'],
      ['a case gone', "            ['2', 2],\n", '', 'row-removed:refuse'],
      ['a case edited', "['2', 2]", "['2', 0]", 'row-changed:proof'],
      ['provider other', "DataProvider('numbers')", "DataProvider('none')", 'row-changed:proof'],
      [
        'swallowed',
        '        self::assertEquals([1, 2], $list);',
        '        try {\n            self::assertEquals([1, 2], $list);\n        } catch (\\Throwable $e) {\n        }',
        'swallowed:refuse',
      ],
      [
        'what is tested is mocked',
        '        $this->assertSame(1, Parser',
        "        Mockery::mock('alias:Parser')->shouldReceive('parse')->andReturn(1);\n        $this->assertSame(1, Parser",
        'mock:refuse',
      ],
      [
        'what is tested is declared by the test file',
        'final class ParseTest',
        'class Parser\n{\n    public static function parse($text) { return 1; }\n}\n\nfinal class ParseTest',
        'mock:refuse',
      ],
      ['exit', '<?php\n', '<?php\nexit(0);\n', 'exit-added:refuse'],
      [
        'if false',
        '        self::assertEquals([1, 2], $list);',
        '        if (false) {\n            self::assertEquals([1, 2], $list);\n        }',
        'skipped:refuse',
      ],
      [
        'getenv',
        '        self::assertEquals([1, 2], $list);',
        "        if (getenv('CI')) {\n            self::assertEquals([1, 2], $list);\n        }",
        'skipped:refuse',
      ],
    ],
  },
  Pest: {
    path: 'tests/Unit/parse.test.php',
    text: `<?php

it('reads a number', function () {
    expect(parse('1'))->toBe(1);
    expect(parse('1,2'))->toContain(2);
});

test('refuses letters', function () {
    parse('x');
})->throws(InvalidArgumentException::class);

it('reads', function (string $text, int $want) {
    expect(parse($text))->toBe($want);
})->with([
    ['1', 1],
    ['2', 2],
]);
`,
    rows: [
      [
        'a new test',
        "test('refuses",
        "it('reads zero', function () {\n    expect(parse('0'))->toBe(0);\n});\n\ntest('refuses",
        'free',
      ],
      ['deleted', /it\('reads a number'[^]*?\n}\);\n/, '', 'deleted:refuse'],
      ['skip', 'toContain(2);\n});', "toContain(2);\n})->skip('later');", 'skipped:refuse'],
      ['todo', 'toContain(2);\n});', 'toContain(2);\n})->todo();', 'skipped:refuse'],
      ['only', 'toContain(2);\n});', 'toContain(2);\n})->only();', 'focused:refuse'],
      ['toBe→toBeTruthy', 'toBe(1)', 'toBeTruthy()', 'loosened:refuse'],
      ['toBe→toBeInt', 'toBe(1)', 'toBeInt()', 'loosened:refuse'],
      ['not', 'toBe(1)', 'not->toBe(0)', 'loosened:refuse'],
      ['throws gone', '})->throws(InvalidArgumentException::class);', '});', 'emptied:refuse'],
      ['throws wider', 'InvalidArgumentException::class', 'Throwable::class', 'loosened:refuse'],
      ['a case gone', "    ['2', 2],\n", '', 'row-removed:refuse'],
      ['another expectation', 'toBe(1)', 'toBe(0)', 'expectation-changed:proof'],
    ],
  },
  'C#': {
    path: 'Parse.Tests/ParseTests.cs',
    text: `using Xunit;

namespace Parse.Tests;

public class ParseTests
{
    [Fact]
    public void Number()
    {
        Assert.Equal(1, Parser.Parse("1"));
        Parser.Parse("2").Should().Be(2);
        Assert.Equal(0.5, Parser.Ratio("1,2"), 3);
    }

    [Fact]
    public async Task List()
    {
        var list = await Parser.AllAsync("1,2");
        Assert.Equal(new[] { 1, 2 }, list);
        Assert.Collection(list, x => Assert.Equal(1, x), x => Assert.Equal(2, x));
        list.Should().HaveCount(2);
    }

    [Fact]
    public void Letters()
    {
        Assert.Throws<FormatException>(() => Parser.Parse("x"));
    }

    [Theory]
    [InlineData("1", 1)]
    [InlineData("2", 2)]
    public void Table(string text, int want)
    {
        Assert.Equal(want, Parser.Parse(text));
    }

    [Fact]
    public void Short() => Assert.Equal(3, Parser.Parse("3"));
}
`,
    rows: [
      [
        'a new test',
        '    [Fact]\n    public void Letters',
        '    [Fact]\n    public void Zero()\n    {\n        Assert.Equal(0, Parser.Parse("0"));\n    }\n\n    [Fact]\n    public void Letters',
        'free',
      ],
      ['a case more', '    [InlineData("2", 2)]', '    [InlineData("2", 2)]\n    [InlineData("3", 3)]', 'free'],
      [
        'another layout',
        'Assert.Equal(1, Parser.Parse("1"));',
        'Assert.Equal(\n            1,\n            Parser.Parse("1"));',
        'free',
      ],
      ['renamed', 'Task List', 'Task Lists', 'renamed:human'],
      ['because', 'Be(2)', 'Be(2, "it is two")', 'expectation-changed:proof'],
      ['deleted', /    \[Fact\]\n    public void Letters[^]*?\n    }\n/, '', 'deleted:refuse'],
      ['deleted expr', /    \[Fact\]\n    public void Short.*\n/, '', 'deleted:refuse'],
      ['[Fact] gone', '    [Fact]\n    public void Letters', '    public void Letters', 'deleted:refuse'],
      ['Skip', '    [Fact]\n    public void Letters', '    [Fact(Skip = "later")]\n    public void Letters', 'skipped:refuse'],
      [
        'Ignore',
        '    [Fact]\n    public void Letters',
        '    [Fact]\n    [Ignore("later")]\n    public void Letters',
        'skipped:refuse',
      ],
      ['same line', '    [Fact]\n    public void Letters', '    [Fact, Ignore]\n    public void Letters', 'skipped:refuse'],
      ['Explicit', '    [Fact]\n    public void Letters', '    [Fact, Explicit]\n    public void Letters', 'skipped:refuse'],
      ['#if', '    [Fact]\n    public void Letters', '#if NEVER\n    [Fact]\n    public void Letters', 'conditional:proof'],
      ['#if DEBUG whole', 'using Xunit;', '#if SLOW\nusing Xunit;', 'conditional:proof'],
      ['Assert.Ignore', '        var list', '        Assert.Ignore("later");\n        var list', 'skipped:refuse'],
      ['Assert.Inconclusive', '        var list', '        Assert.Inconclusive();\n        var list', 'skipped:refuse'],
      ['Skip.If', '        var list', '        Skip.If(true);\n        var list', 'skipped:refuse'],
      ['Assert.Pass', '        var list', '        Assert.Pass();\n        var list', 'skipped:refuse'],
      ['abstract', 'public class ParseTests', 'public abstract class ParseTests', 'skipped:refuse'],
      ['internal', 'public class ParseTests', 'internal class ParseTests', 'skipped:refuse'],
      ['return', '        var list', '        return;\n        var list', 'skipped:refuse'],
      ['an assertion gone', '        list.Should().HaveCount(2);\n', '', 'assertion-removed:refuse'],
      ['Equal→True', 'Assert.Equal(1, Parser.Parse("1"))', 'Assert.True(Parser.Parse("1") > 0)', 'loosened:refuse'],
      ['Equal→NotNull', 'Assert.Equal(1, Parser.Parse("1"))', 'Assert.NotNull(Parser.Parse("1"))', 'loosened:refuse'],
      ['Equal→NotEqual', 'Assert.Equal(1, Parser.Parse("1"))', 'Assert.NotEqual(2, Parser.Parse("1"))', 'loosened:refuse'],
      ['Equal→IsType', 'Assert.Equal(1, Parser.Parse("1"))', 'Assert.IsType<int>(Parser.Parse("1"))', 'loosened:refuse'],
      ['Equal→Contains', 'Assert.Equal(new[] { 1, 2 }, list)', 'Assert.Contains(1, list)', 'loosened:refuse'],
      ['Equal→InRange', 'Assert.Equal(1, Parser.Parse("1"))', 'Assert.InRange(Parser.Parse("1"), 0, 9)', 'loosened:refuse'],
      ['Be→NotBe', 'Should().Be(2)', 'Should().NotBe(3)', 'loosened:refuse'],
      ['Be→BeOneOf', 'Should().Be(2)', 'Should().BeOneOf(0, 2)', 'loosened:refuse'],
      ['Be→BeGreater', 'Should().Be(2)', 'Should().BeGreaterThan(0)', 'loosened:refuse'],
      ['precision', '"1,2"), 3)', '"1,2"), 0)', 'loosened:refuse'],
      ['Throws→ThrowsAny', 'Assert.Throws<FormatException>', 'Assert.ThrowsAny<FormatException>', 'loosened:refuse'],
      ['Throws wider', 'FormatException', 'Exception', 'loosened:refuse'],
      ['another expectation', 'Assert.Equal(1, ', 'Assert.Equal(0, ', 'expectation-changed:proof'],
      ['a case gone', '    [InlineData("2", 2)]\n', '', 'row-removed:refuse'],
      ['a case edited', 'InlineData("2", 2)', 'InlineData("2", 0)', 'row-changed:proof'],
      ['row skipped', 'InlineData("2", 2)', 'InlineData("2", 2, Skip = "x")', 'skipped:refuse'],
      [
        'swallowed',
        '        Assert.Equal(1, Parser.Parse("1"));',
        '        try\n        {\n            Assert.Equal(1, Parser.Parse("1"));\n        }\n        catch (Exception)\n        {\n        }',
        'swallowed:refuse',
      ],
      ['await gone', 'await Parser.AllAsync("1,2")', 'Parser.AllAsync("1,2")', 'body-changed:human'],
      [
        'what is tested is mocked',
        '        Assert.Equal(1, Parser',
        '        var Parser = new Mock<IParser>().Object;\n        Assert.Equal(1, Parser',
        'mock:refuse',
      ],
      [
        'what is tested is declared by the test file',
        '    [Fact]\n    public void Number',
        '    private static class Parser\n    {\n        public static int Parse(string s) => 1;\n    }\n\n    [Fact]\n    public void Number',
        'mock:refuse',
      ],
      ['using alias', 'using Xunit;', 'using Xunit;\nusing Parser = Fakes.Parser;', 'mock:refuse'],
      [
        'if false',
        '        Assert.Equal(1, Parser.Parse("1"));',
        '        if (false)\n        {\n            Assert.Equal(1, Parser.Parse("1"));\n        }',
        'skipped:refuse',
      ],
      ['exit', '        var list', '        Environment.Exit(0);\n        var list', 'exit-added:refuse'],
      [
        'Timeout',
        '    [Fact]\n    public void Letters',
        '    [Fact(Timeout = 600000)]\n    public void Letters',
        'timeout-raised:refuse',
      ],
    ],
  },
};

const order: readonly Weight[] = ['human', 'proof', 'refuse'];

function judge(path: string, before: string, after: string): string {
  const change = { base: 'a'.repeat(40), head: 'b'.repeat(40), files: [changedFile(path, before, after)] };
  const findings = judgeIntegrity({ change, tests: defaultTestGlobs });
  const weight = order.findLast((each) => findings.some((finding) => finding.weight === each));
  if (weight === undefined) return 'free';
  const kinds = new Set(findings.filter((finding) => finding.weight === weight).map(({ kind }) => kind));
  return `${[...kinds].toSorted().join('+')}:${weight}`;
}

describe.each(Object.entries(tables))('%s', (_, { path, text, rows }) => {
  test.each(rows)('%s', (_what, find, replace, expected) => {
    const after = text.replace(find, () => replace);
    expect(after).not.toBe(text);
    expect(judge(path, text, after)).toBe(expected);
  });
});
