import { describe, expect, test } from 'vitest';
import { readReport, type Frame } from '../../src/core/issue.ts';

/** `language function path:line:column`, with `-` in front where the frame is not the application's. */
function brief(frame: Frame): string {
  const place = [frame.path ?? '?', frame.line, frame.column].filter((part) => part !== undefined).join(':');
  return `${frame.inApp ? '' : '- '}${frame.language} ${frame.function ?? '_'} ${place}`;
}

function read(body: string) {
  const report = readReport({ id: 'x', title: 'it fails', body, source: 'file' });
  const { error, cause } = report;
  return {
    frames: report.frames.map(brief),
    error: error === undefined ? undefined : `${error.type}|${error.message}`,
    cause: cause === undefined ? undefined : `${cause.type}|${cause.message}`,
  };
}

interface Row {
  name: string;
  body: string;
  frames: string[];
  error?: string;
  cause?: string;
}

const rows: Row[] = [
  // ------------------------------------------------------------------------------------------------ V8
  {
    name: 'node, plain',
    body: "```\nTypeError: Cannot read properties of undefined (reading 'id')\n    at getUser (/home/ana/shop/src/users.js:12:20)\n    at Object.<anonymous> (/home/ana/shop/index.js:3:1)\n    at Module._compile (node:internal/modules/cjs/loader:1554:14)\n    at node:internal/main/run_main_module:33:47\n```",
    frames: [
      'javascript getUser shop/src/users.js:12:20',
      'javascript Object.<anonymous> shop/index.js:3:1',
      '- javascript Module._compile node:internal/modules/cjs/loader:1554:14',
      '- javascript _ node:internal/main/run_main_module:33:47',
    ],
    error: "TypeError|Cannot read properties of undefined (reading 'id')",
  },
  {
    name: 'node, async, method alias, constructor and Promise.all',
    body: 'RangeError [ERR_OUT_OF_RANGE]: The value is out of range\n    at new Ring (file:///app/src/ring.ts:4:11)\n    at async Server.handle [as onRequest] (file:///app/src/server.ts:88:5)\n    at async Promise.all (index 0)\n    at async /app/src/main.ts:9:3',
    frames: [
      'javascript Ring src/ring.ts:4:11',
      'javascript Server.handle src/server.ts:88:5',
      '- javascript Promise.all <index 0>',
      'javascript _ src/main.ts:9:3',
    ],
    error: 'RangeError|The value is out of range',
  },
  {
    name: 'eval and webpack',
    body: 'Uncaught ReferenceError: foo is not defined\n    at eval (eval at run (https://cdn.example.com/static/js/main.js:10:5), <anonymous>:1:1)\n    at render (webpack-internal:///./src/components/List.jsx?1f2e:33:17)\n    at commit (webpack:///./node_modules/react-dom/cjs/react-dom.js:200:9)',
    frames: [
      'javascript eval static/js/main.js:10:5',
      'javascript render src/components/List.jsx:33:17',
      '- javascript commit node_modules/react-dom/cjs/react-dom.js:200:9',
    ],
    error: 'ReferenceError|foo is not defined',
  },
  {
    name: 'windows file url, spaces in a path, cause',
    body: 'Error: cannot save\n    at save (file:///C:/Users/Ana%20B/proj/src/save.mjs:7:9)\n    at run (C:\\Users\\Ana B\\proj\\lib\\run.js:2:3) {\n  [cause]: SyntaxError: Unexpected token } in JSON at position 4\n      at JSON.parse (<anonymous>)\n      at parse (C:\\Users\\Ana B\\proj\\lib\\parse.js:5:10)\n}',
    frames: [
      'javascript save proj/src/save.mjs:7:9',
      '- javascript JSON.parse <anonymous>',
      'javascript parse proj/lib/parse.js:5:10',
    ],
    error: 'Error|cannot save',
    cause: 'SyntaxError|Unexpected token } in JSON at position 4',
  },
  {
    name: 'inside a JSON log line',
    body: '{"level":50,"err":{"type":"TypeError","stack":"TypeError: x is not iterable\\n    at walk (/usr/src/app/lib/walk.js:8:14)\\n    at main (/usr/src/app/bin/cli.js:2:1)"},"msg":"boom"}',
    frames: ['javascript walk lib/walk.js:8:14', 'javascript main bin/cli.js:2:1'],
  },
  {
    name: 'quoted, with a container prefix',
    body: '> web_1  | AssertionError [ERR_ASSERTION]: 3 == 4\n> web_1  |     at Context.<anonymous> (test/sum.test.js:5:12)\n> web_1  |     at processImmediate (node:internal/timers:466:21)',
    frames: ['javascript Context.<anonymous> test/sum.test.js:5:12', '- javascript processImmediate node:internal/timers:466:21'],
    error: 'AssertionError|3 == 4',
  },
  // ------------------------------------------------------------------------------------------------ browsers
  {
    name: 'firefox',
    body: 'TypeError: e is null\nfoo/<@https://shop.example.com/assets/app.js:14:22\nasync*load@https://shop.example.com/assets/app.js:40:1\n@https://shop.example.com/:3:5',
    frames: ['javascript foo assets/app.js:14:22', 'javascript load assets/app.js:40:1', 'javascript _ :3:5'],
    error: 'TypeError|e is null',
  },
  {
    name: 'firefox eval',
    body: 'run@http://localhost:8080/src/eval.js line 25 > eval:1:30\nboot@http://localhost:8080/src/boot.js:2:1',
    frames: ['javascript run src/eval.js:25', 'javascript boot src/boot.js:2:1'],
  },
  {
    name: 'safari',
    body: "TypeError: undefined is not an object (evaluating 'a.b')\nglobal code@https://x.test/main.js:1:10\nmap@[native code]\nrender@https://x.test/src/view.js:9:2",
    frames: ['javascript _ main.js:1:10', '- javascript map [native code]', 'javascript render src/view.js:9:2'],
    error: "TypeError|undefined is not an object (evaluating 'a.b')",
  },
  {
    name: 'chrome extension and vite',
    body: 'Uncaught (in promise) TypeError: t.map is not a function\n    at Table (http://localhost:5173/src/Table.tsx?t=1699:21:14)\n    at inject (chrome-extension://abcdef/content.js:1:1)',
    frames: ['javascript Table src/Table.tsx:21:14', '- javascript inject chrome-extension://abcdef/content.js:1:1'],
    error: 'TypeError|t.map is not a function',
  },
  // ------------------------------------------------------------------------------------------------ Python
  {
    name: 'python, plain',
    body: 'Traceback (most recent call last):\n  File "/home/u/proj/app/main.py", line 10, in <module>\n    run()\n  File "/home/u/proj/app/core.py", line 4, in run\n    return 1 / 0\n           ~~^~~\nZeroDivisionError: division by zero',
    frames: ['python _ proj/app/main.py:10', 'python run proj/app/core.py:4'],
    error: 'ZeroDivisionError|division by zero',
  },
  {
    name: 'python, chained by cause, with a note',
    body: 'Traceback (most recent call last):\n  File "src/db.py", line 3, in get\n    return rows[key]\nKeyError: \'id\'\n\nThe above exception was the direct cause of the following exception:\n\nTraceback (most recent call last):\n  File "src/api.py", line 9, in view\n    raise LookupFailed("no row") from e\nshop.errors.LookupFailed: no row\nwhile reading the cart',
    frames: ['python get src/db.py:3', 'python view src/api.py:9'],
    error: 'shop.errors.LookupFailed|no row',
    cause: "KeyError|'id'",
  },
  {
    name: 'python, during handling, installed package',
    body: 'Traceback (most recent call last):\n  File "/usr/lib/python3.11/json/decoder.py", line 355, in raw_decode\n    raise JSONDecodeError("Expecting value", s, err.value) from None\njson.decoder.JSONDecodeError: Expecting value: line 1 column 1 (char 0)\n\nDuring handling of the above exception, another exception occurred:\n\nTraceback (most recent call last):\n  File "/venv/lib/python3.11/site-packages/requests/models.py", line 971, in json\n    raise RequestsJSONDecodeError(e.msg, e.doc, e.pos)\n  File "client/fetch.py", line 22, in fetch\nrequests.exceptions.JSONDecodeError: Expecting value: line 1 column 1 (char 0)',
    frames: [
      '- python raw_decode usr/lib/python3.11/json/decoder.py:355',
      '- python json venv/lib/python3.11/site-packages/requests/models.py:971',
      'python fetch client/fetch.py:22',
    ],
    error: 'requests.exceptions.JSONDecodeError|Expecting value: line 1 column 1 (char 0)',
    cause: 'json.decoder.JSONDecodeError|Expecting value: line 1 column 1 (char 0)',
  },
  {
    name: 'pytest',
    body: '    def test_sum():\n>       assert add(1, 2) == 4\nE       assert 3 == 4\n\ntests/test_sum.py:5: AssertionError\n_______\nsrc/calc.py:12: in add\nsrc/calc.py:30: TypeError',
    frames: ['python _ tests/test_sum.py:5', 'python add src/calc.py:12', 'python _ src/calc.py:30'],
  },
  {
    name: 'python exception group',
    body: '  + Exception Group Traceback (most recent call last):\n  |   File "main.py", line 8, in <module>\n  |     raise ExceptionGroup("several", [ValueError(1)])\n  | ExceptionGroup: several (1 sub-exception)\n  +-+---------------- 1 ----------------\n    | ValueError: 1\n    +------------------------------------',
    frames: ['python _ main.py:8'],
    error: 'ExceptionGroup|several (1 sub-exception)',
  },
  {
    name: 'ipython, old form and new form',
    body: '~/code/tools/stats.py in mean(values)\n     10 def mean(values):\n---> 11     return sum(values) / len(values)\n\nFile ~/code/tools/plot.py:31, in draw(ax)\nZeroDivisionError: division by zero',
    frames: ['python mean code/tools/stats.py', 'python draw code/tools/plot.py:31'],
    error: 'ZeroDivisionError|division by zero',
  },
  {
    name: 'python syntax error',
    body: "  File \"app/settings.py\", line 7\n    if x = 1:\n       ^^^^^\nSyntaxError: invalid syntax. Maybe you meant '==' or ':=' instead of '='?",
    frames: ['python _ app/settings.py:7'],
    error: "SyntaxError|invalid syntax. Maybe you meant '==' or ':=' instead of '='?",
  },
  // ------------------------------------------------------------------------------------------------ Java, Kotlin
  {
    name: 'java with causes',
    body: 'Exception in thread "main" java.lang.IllegalStateException: cannot start\n\tat com.acme.shop.Server.start(Server.java:42)\n\tat com.acme.shop.Main.main(Main.java:9)\nCaused by: java.io.IOException: port in use\n\tat java.base/java.net.Socket.bind(Socket.java:600)\n\t... 2 more\nCaused by: java.net.BindException: Address already in use\n\tat sun.nio.ch.Net.bind(Native Method)',
    frames: [
      'java com.acme.shop.Server.start com/acme/shop/Server.java:42',
      'java com.acme.shop.Main.main com/acme/shop/Main.java:9',
      '- java java.net.Socket.bind java/net/Socket.java:600',
      '- java sun.nio.ch.Net.bind ?',
    ],
    error: 'java.lang.IllegalStateException|cannot start',
    cause: 'java.net.BindException|Address already in use',
  },
  {
    name: 'spring boot with jar suffixes and lambdas',
    body: '2024-05-01T10:00:00.123Z ERROR 1 --- [main] o.s.b.SpringApplication : failed\njava.lang.NullPointerException: Cannot invoke "String.length()" because "s" is null\n\tat com.acme.Text.lambda$trim$0(Text.java:17) ~[classes/:na]\n\tat org.springframework.web.Filter.doFilter(Filter.java:90) ~[spring-web-6.1.jar:6.1]',
    frames: [
      'java com.acme.Text.lambda$trim$0 com/acme/Text.java:17',
      '- java org.springframework.web.Filter.doFilter org/springframework/web/Filter.java:90',
    ],
    error: 'java.lang.NullPointerException|Cannot invoke "String.length()" because "s" is null',
  },
  {
    name: 'kotlin coroutine',
    body: 'kotlin.UninitializedPropertyAccessException: lateinit property repo has not been initialized\n    at dev.notes.MainKt$main$1.invokeSuspend(Main.kt:12)\n    at kotlin.coroutines.jvm.internal.BaseContinuationImpl.resumeWith(ContinuationImpl.kt:33)',
    frames: [
      'java dev.notes.MainKt$main$1.invokeSuspend dev/notes/Main.kt:12',
      '- java kotlin.coroutines.jvm.internal.BaseContinuationImpl.resumeWith kotlin/coroutines/jvm/internal/ContinuationImpl.kt:33',
    ],
    error: 'kotlin.UninitializedPropertyAccessException|lateinit property repo has not been initialized',
  },
  {
    name: 'android with class loader prefix and unknown source',
    body: 'java.lang.RuntimeException: Unable to start activity\n    at app//net.notes.ui.EditActivity.onCreate(EditActivity.kt:55)\n    at net.notes.a.b.c(Unknown Source:14)\n    at android.app.Activity.performCreate(Activity.java:8000)',
    frames: [
      'java net.notes.ui.EditActivity.onCreate net/notes/ui/EditActivity.kt:55',
      '- java net.notes.a.b.c ?',
      '- java android.app.Activity.performCreate android/app/Activity.java:8000',
    ],
    error: 'java.lang.RuntimeException|Unable to start activity',
  },
  // ------------------------------------------------------------------------------------------------ Go
  {
    name: 'go panic',
    body: 'panic: runtime error: index out of range [5] with length 3\n\ngoroutine 1 [running]:\nmain.pick(...)\n\t/home/u/tool/pick.go:8\nmain.(*Store).Get(0xc000010000, {0x1, 0x2})\n\t/home/u/tool/store.go:21 +0x1d\nruntime.main()\n\t/usr/local/go/src/runtime/proc.go:271 +0x29d',
    frames: [
      'go main.pick tool/pick.go:8',
      'go main.(*Store).Get tool/store.go:21',
      '- go runtime.main usr/local/go/src/runtime/proc.go:271',
    ],
    error: 'panic|runtime error: index out of range [5] with length 3',
  },
  {
    name: 'go goroutine created by',
    body: 'fatal error: all goroutines are asleep - deadlock!\n\ngoroutine 18 [chan receive]:\ngithub.com/acme/q/internal/pool.worker(0xc00001c0c0)\n\t/src/q/internal/pool/pool.go:33 +0x4a\ncreated by github.com/acme/q/internal/pool.New in goroutine 1\n\t/src/q/internal/pool/pool.go:19 +0x85',
    frames: [
      'go github.com/acme/q/internal/pool.worker src/q/internal/pool/pool.go:33',
      'go github.com/acme/q/internal/pool.New src/q/internal/pool/pool.go:19',
    ],
    error: 'fatal error|all goroutines are asleep - deadlock!',
  },
  {
    name: 'go test',
    body: '--- FAIL: TestParse (0.00s)\n    parse_test.go:23: got 1, want 2\nFAIL',
    frames: ['go _ parse_test.go:23'],
  },
  {
    name: 'go compile error and module cache',
    body: './cmd/main.go:9:2: undefined: Foo\n\t/home/u/go/pkg/mod/github.com/x/y@v1.2.3/z.go:10 +0x1',
    frames: ['go _ cmd/main.go:9:2', '- go _ go/pkg/mod/github.com/x/y@v1.2.3/z.go:10'],
  },
  // ------------------------------------------------------------------------------------------------ Ruby
  {
    name: 'ruby, old quotes',
    body: "app/models/cart.rb:12:in `total': undefined method `sum' for nil:NilClass (NoMethodError)\n\tfrom app/models/cart.rb:30:in `block in checkout'\n\tfrom bin/shop:4:in `<main>'",
    frames: ['ruby total app/models/cart.rb:12', 'ruby checkout app/models/cart.rb:30', 'ruby _ bin/shop:4'],
    error: "NoMethodError|undefined method `sum' for nil:NilClass",
  },
  {
    name: 'ruby 3.4 quotes and internal frames',
    body: "lib/tally.rb:3:in 'Tally#add': wrong number of arguments (given 1, expected 2) (ArgumentError)\n\tfrom <internal:kernel>:168:in 'Kernel#loop'\n\tfrom lib/run.rb:9:in 'Object#run'",
    frames: ['ruby Tally#add lib/tally.rb:3', '- ruby Kernel#loop <internal:kernel>:168', 'ruby Object#run lib/run.rb:9'],
    error: 'ArgumentError|wrong number of arguments (given 1, expected 2)',
  },
  {
    name: 'rails log',
    body: "ActiveRecord::RecordNotFound (Couldn't find User with 'id'=7):\n\napp/controllers/users_controller.rb:15:in `show'\n/usr/local/bundle/gems/actionpack-7.1.0/lib/abstract_controller/base.rb:224:in `process_action'",
    frames: [
      'ruby show app/controllers/users_controller.rb:15',
      '- ruby process_action usr/local/bundle/gems/actionpack-7.1.0/lib/abstract_controller/base.rb:224',
    ],
    error: "ActiveRecord::RecordNotFound|Couldn't find User with 'id'=7",
  },
  {
    name: 'rspec and reversed order',
    body: "     # ./spec/cart_spec.rb:9:in `block (2 levels) in <top (required)>'\n\t2: from lib/a.rb:1:in `one'\n\t1: from lib/a.rb:2:in `two'",
    frames: ['ruby _ spec/cart_spec.rb:9', 'ruby one lib/a.rb:1', 'ruby two lib/a.rb:2'],
  },
  // ------------------------------------------------------------------------------------------------ .NET
  {
    name: '.net with inner exception',
    body: 'Unhandled exception. System.InvalidOperationException: Cannot load\n ---> System.NullReferenceException: Object reference not set to an instance of an object.\n   at Shop.Cart.Total(List`1 items, Boolean tax) in C:\\src\\Shop\\Cart.cs:line 42\n   --- End of inner exception stack trace ---\n   at Shop.Program.Main(String[] args) in /home/u/Shop/Program.cs:line 7',
    frames: ['dotnet Shop.Cart.Total src/Shop/Cart.cs:42', 'dotnet Shop.Program.Main Shop/Program.cs:7'],
    error: 'System.InvalidOperationException|Cannot load',
    cause: 'System.NullReferenceException|Object reference not set to an instance of an object.',
  },
  {
    name: '.net without symbols',
    body: 'System.FormatException: Input string was not in a correct format.\n   at System.Number.ParseInt32(String s, NumberStyles style)\n   at Acme.Reader.Next()',
    frames: ['- dotnet System.Number.ParseInt32 ?', '- dotnet Acme.Reader.Next ?'],
    error: 'System.FormatException|Input string was not in a correct format.',
  },
  {
    name: '.net async state machine',
    body: '   at Acme.Api.<GetAsync>d__4.MoveNext() in /app/Api/Client.cs:line 88\n   at Microsoft.AspNetCore.Mvc.Filter.Run(Object o) in /_/src/Mvc/Filter.cs:line 12',
    frames: [
      'dotnet Acme.Api.<GetAsync>d__4.MoveNext Api/Client.cs:88',
      '- dotnet Microsoft.AspNetCore.Mvc.Filter.Run _/src/Mvc/Filter.cs:12',
    ],
  },
  {
    name: '.net in German, and mono',
    body: '   bei Shop.Cart.Add(Int32 n) in D:\\work\\Cart.cs:Zeile 5.\n  at Shop.View.Draw (System.Object o) [0x0001a] in /src/View.cs:33',
    frames: ['dotnet Shop.Cart.Add work/Cart.cs:5', 'dotnet Shop.View.Draw src/View.cs:33'],
  },
  // ------------------------------------------------------------------------------------------------ Rust
  {
    name: 'rust panic, new form',
    body: "thread 'main' panicked at src/parse.rs:14:9:\ncalled `Option::unwrap()` on a `None` value\nnote: run with `RUST_BACKTRACE=1`",
    frames: ['rust _ src/parse.rs:14:9'],
    error: 'panic|called `Option::unwrap()` on a `None` value',
  },
  {
    name: 'rust panic, old form',
    body: "thread 'tests::it' panicked at 'assertion failed: a == b', src/lib.rs:22:5",
    frames: ['rust _ src/lib.rs:22:5'],
    error: 'panic|assertion failed: a == b',
  },
  {
    name: 'rust backtrace',
    body: 'stack backtrace:\n   0: rust_begin_unwind\n             at /rustc/9fc6b43126469e3858e2fe86cafb4f0fd5068869/library/std/src/panicking.rs:665:5\n   3: shop::cart::total\n             at ./src/cart.rs:40:13\n   4: shop::main::h0123456789abcdef\n             at ./src/main.rs:3',
    frames: [
      '- rust rust_begin_unwind rustc/9fc6b43126469e3858e2fe86cafb4f0fd5068869/library/std/src/panicking.rs:665:5',
      'rust shop::cart::total src/cart.rs:40:13',
      'rust shop::main src/main.rs:3',
    ],
  },
  {
    name: 'rust compiler and cargo registry',
    body: 'error[E0308]: mismatched types\n  --> crates/core/src/a.rs:5:9\n  10: serde::de\n      at /home/u/.cargo/registry/src/index-1/serde-1.0/src/de.rs:7:1',
    frames: ['rust _ crates/core/src/a.rs:5:9', '- rust serde::de .cargo/registry/src/index-1/serde-1.0/src/de.rs:7:1'],
  },
  // ------------------------------------------------------------------------------------------------ PHP
  {
    name: 'php fatal error',
    body: 'PHP Fatal error:  Uncaught TypeError: total(): Argument #1 must be of type array, null given in /var/www/html/src/Cart.php:12\nStack trace:\n#0 /var/www/html/public/index.php(9): Shop\\Cart->total(NULL)\n#1 [internal function]: run()\n#2 {main}\n  thrown in /var/www/html/src/Cart.php on line 12',
    frames: ['php _ src/Cart.php:12', 'php Shop\\Cart->total public/index.php:9', '- php run ?'],
    error: 'TypeError|total(): Argument #1 must be of type array, null given',
  },
  {
    name: 'php warning',
    body: 'Warning: Undefined array key "id" in /home/u/app/lib/rows.php on line 33',
    frames: ['php _ app/lib/rows.php:33'],
  },
  {
    name: 'laravel log',
    body: '[2024-01-01 10:00:00] production.ERROR: Call to a member function id() on null {"exception":"[object]"}\n#0 /app/vendor/laravel/framework/src/Pipeline.php(144): App\\Http\\Kernel->handle(Object(Request))\n#1 /app/app/Http/Controllers/CartController.php(21): App\\Cart->id()',
    frames: [
      '- php App\\Http\\Kernel->handle vendor/laravel/framework/src/Pipeline.php:144',
      'php App\\Cart->id app/Http/Controllers/CartController.php:21',
    ],
  },
  {
    name: 'phpunit and symfony',
    body: 'at src/Kernel.php:40\n2   tests/CartTest.php:18',
    frames: ['php _ src/Kernel.php:40', 'php _ tests/CartTest.php:18'],
  },
];

describe('stack traces', () => {
  test.each(rows)('$name', ({ body, frames, error, cause }) => {
    expect(read(body)).toMatchObject({ frames, cause, ...(error === undefined ? {} : { error }) });
  });

  test.each([
    ['look at (the table) on page 3:14', 'prose that starts like a frame'],
    ['mail me at ana@example.com: 10:30 is fine', 'an address and a time'],
    ['- at home (room 12)', 'a list item'],
    ['#1 and #2 are related to #3', 'issue numbers'],
    ['version 1.2.3:4', 'a version'],
    ['ratio 16:9 at 10:20:30', 'times and ratios'],
  ])('%s is no frame (%s)', (body) => {
    expect(read(body).frames).toEqual([]);
  });

  test('a report without a trace names its error in prose', () => {
    expect(read('When the cart is empty it throws a `RangeError: Invalid array length` at once.').error).toBe(
      'RangeError|Invalid array length',
    );
    expect(read('It ends in a ValueError every time.').error).toBe('ValueError|');
    expect(read('Error handling is odd.').error).toBeUndefined();
  });
});
