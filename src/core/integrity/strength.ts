/**
 * How much an assertion's matcher says, so that two assertions on the same subject can be ordered. Only the order
 * counts: 6 one exact value with all its types and holes, 5 one exact value and type, 4 one value, 3 a part or a property of it, 2 that there is something,
 * 1 only what it is not, 0 nothing. Names are compared in lower case without underscores, so that one table serves
 * `assertEqual`, `assert_equal` and `AssertEqual`.
 */
export function strengthOf(matcher: string, { negated = false, legacyAssert = false } = {}): number {
  // xUnit's assertTrue says as little as a bare assert; `t.true` and `isTrue` compare with the value itself.
  if (/^assert_?(not_?)?(true|false)$/i.test(matcher)) return 2;
  const name = matcher
    .toLowerCase()
    .replaceAll('_', '')
    .replace(/^assert(?=.)/, '');
  const strength = legacyAssert && legacyLoose.has(name) ? 4 : (byName.get(name) ?? 3);
  // "is not exactly this" leaves everything else open.
  return negated && strength > 1 ? 1 : strength;
}

/** Whether a matcher says that two values are equal or that they are not, by one of the names that libraries have for it. */
export function equalityOf(matcher: string): 'equal' | 'unequal' | undefined {
  const name = matcher.toLowerCase().replaceAll(/[_! ]/g, '');
  const isEquality =
    /^(assert|refute)?(is|does)?(not)?(to|are)?(not)?(strict|deep|deepstrict|strictdeep)?(equals?|equalto|be|is|same|sameas|eql?)$/;
  if (!isEquality.test(name)) return undefined;
  return /not|refute/.test(name) ? 'unequal' : 'equal';
}

/** Methods of node's `assert` that compare with `==`; the same names are strict in every other library. */
const legacyLoose = new Set(['equal', 'deepequal']);

const ranks: readonly [number, string][] = [
  [6, `tostrictequal`],
  [
    5,
    `tobe strictequal deepstrictequal toequal is isnot equal equals eql eq deepequal deepequals same strictsame
     isequal isstrictequal deeplyequal tobenull tobeundefined tobenan tobetrue tobefalse true false istrue isfalse null isnull
     undefined isundefined nan isnan arrayequals arrayequal listequal dictequal tupleequal setequal countequal sequenceequal
     multilineequal empty isempty tohavebeencalledwith tohavebeennthcalledwith tohavebeenlastcalledwith tohavebeencalledexactlyoncewith
     tohavereturnedwith calledwith calledwithexactly isnone none nil isnil jsoneq noterror noerror error errors exactly elementsmatch
     iterableequals linesmatch samesame notsame tobenil issame be matchsnapshot tomatchsnapshot tomatchinlinesnapshot snapshot
     tothrowerrormatchingsnapshot tothrowerrormatchinginlinesnapshot equivalent collectionequals erroris`,
  ],
  [
    4,
    `looseequal looseequals looseequal deeplooseequal throwswith iferror tohavebeencalledtimes callcount calledonce sameloose throwsexactly`,
  ],
  [
    3,
    `tomatchobject toequalany tocontain tocontainequal tomatch match matches regex regexp include includes contain contains containsstring
     in isin property haveproperty tohaveproperty tohavelength length lengthof haslength tobecloseto closeto approximately almostequal
     inepsilon indelta tobegreaterthan tobelessthan tobegreaterthanorequal tobelessthanorequal above below atleast atmost isabove
     isbelow greater greaterequal less lessequal like notthrow tobeinstanceof instanceof instance isinstance isinstanceof typeof isa a an hassubset
     has hasany partialdeepstrictequal objectcontaining startswith endswith within keys oneof subset issubset throws throw tothrow
     tothrowerror raises raise rejects rejected rejectedwith throwserror throwsasync expectthrows raisesregex errorcontains erroras
     containssubset`,
  ],
  [
    2,
    `tobetruthy tobefalsy tobedefined ok isok notok truthy falsy exist exists notnull isnotnull isnotnone defined isdefined
      tobecalled tohavebeencalled called tohavereturned that assert assertion notempty isnotempty notnil doesnotthrow nothrow notthrows notraises
      throwsany isobject isarray isstring isnumber isfunction isboolean istruthy isfalsy tobetypeof fail`,
  ],
  [
    1,
    `notequal notequals notstrictequal notdeepequal notdeepstrictequal notsame isnotequal doesnotmatch notmatch notinclude notcontains isnot
      notlike arenotequal notdeeplooseequal notcontain notin`,
  ],
  [0, `pass plan end done`],
];

const byName = new Map(
  ranks.flatMap(([rank, names]) =>
    names
      .trim()
      .split(/\s+/)
      .map((name): [string, number] => [name, rank]),
  ),
);
