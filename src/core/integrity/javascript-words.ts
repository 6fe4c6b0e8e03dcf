/** What test libraries of JavaScript call things. */

function words(text: string): string[] {
  return text.trim().split(/\s+/);
}

export const testWords = new Set([
  'it',
  'test',
  'specify',
  'tape',
  'xit',
  'xtest',
  'xspecify',
  'fit',
  'iit',
  'ftest',
  'skip',
  'todo',
]);
export const suiteWords = new Set([
  'describe',
  'context',
  'suite',
  'xdescribe',
  'xcontext',
  'xsuite',
  'fdescribe',
  'fcontext',
  'ddescribe',
]);
export const modifiers = new Set(
  words(`skip only todo serial concurrent each for failing fails cb skipIf runIf todoIf if sequential shuffle step
    fixme slow parallel macro always fail ()`),
);
export const testLibraries =
  /^(tape|tap|ava|test|mocha|vitest|node:test|uvu|lab|@hapi\/lab|blue-tape|tape-catch|bun:test|@jest\/globals|tapes|zora|qunit|@japa\/runner|tap-only|brittle)$/;
export const assertLibraries =
  /(^|\/)(assert|node:assert|assert\/strict|chai|power-assert|better-assert|should|expect|expect\.js|must|uvu\/assert|unexpected|minimalistic-assert)(\/|$)/;
export const hooks = new Set([
  'before',
  'beforeEach',
  'beforeAll',
  'after',
  'afterEach',
  'afterAll',
  'setup',
  'teardown',
  'suiteSetup',
  'suiteTeardown',
]);

/** Words of a fluent assertion that say nothing by themselves. */
export const fillers = new Set(
  'to be been is that which and has have with at of same but does still also not should a.b must resolves rejects eventually it'.split(
    ' ',
  ),
);
export const oneArgument =
  /^(is)?(not)?(ok|true|false|truthy|falsy|null|undefined|nan|defined|exists?|error|iferror|empty|fail|pass)$/i;
export const functionArgument = /(throw|reject|resolve)/i;
export const knownMatchers = new Set(
  `ok notOk true false truthy falsy assert equal equals isEqual notEqual not is isNot strictEqual strictEquals notStrictEqual looseEqual deepEqual deepEquals
   isEquivalent notDeepEqual same notSame strictSame looseEquals deepLooseEqual notDeepLooseEqual match doesNotMatch notMatch like throws doesNotThrow
   throwsAsync notThrows notThrowsAsync rejects doesNotReject resolves resolveMatch error ifError ifErr iferror pass fail snapshot matchSnapshot has hasProps hasProp hasStrict contains
   notHas type isa emits regex notRegex assertion deepStrictEqual propEqual propContains notOkay okay resolveMatchSnapshot assertTrue equalTo value exactly
   matchOnly hasOwnProp hasOwnProps hasOwnPropsOnly notMatchOnly notLike notRejects isDeeply isDeeplyEqual eq eql doesNotHave hasOwn partialDeepStrictEqual fileSnapshot
   equivalent isEquivalent inequivalent isInequivalent inequal isInequal isDifferent different equiv isNull notNull isUndefined
   exists notExists isTrue isFalse isEmpty increases decreases changes instanceOf include notInclude lengthOf property closeTo`
    .trim()
    .split(/\s+/),
);
export const customAssertion = /^(assert|expect|check|verify|ensure|should|must)([A-Z_]\w*)$/;
