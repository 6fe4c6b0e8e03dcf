/** The shop with the forgotten quantity in other languages, each as its people lay a project out. */
export interface Polyglot {
  name: string;
  /** Program without which it cannot be run. */
  needs: string;
  files: Readonly<Record<string, string>>;
  /** The change that mends it. */
  fix: { path: string; old: string; new: string };
  /** A new test, red before and green after. */
  test: { path: string; content: string };
  /** A change of an old test that makes it see less. */
  weaken: { path: string; old: string; new: string };
}

export const polyglots: readonly Polyglot[] = [
  {
    name: 'Go, go test',
    needs: 'go',
    files: {
      'go.mod': 'module example.com/shop\n\ngo 1.19\n',
      'cart.go': `package shop

type Line struct{ Price, Quantity int }

func Total(lines []Line) int {
	sum := 0
	for _, line := range lines {
		sum += line.Price
	}
	return sum
}
`,
      'cart_test.go': `package shop

import "testing"

func TestEmpty(t *testing.T) {
	if got := Total(nil); got != 0 {
		t.Errorf("got %d, want 0", got)
	}
}
`,
    },
    fix: { path: 'cart.go', old: 'sum += line.Price', new: 'sum += line.Price * line.Quantity' },
    test: {
      path: 'quantity_test.go',
      content: `package shop

import "testing"

func TestQuantity(t *testing.T) {
	if got := Total([]Line{{Price: 3, Quantity: 2}}); got != 6 {
		t.Errorf("got %d, want 6", got)
	}
}
`,
    },
    weaken: { path: 'cart_test.go', old: '	if got', new: '	t.Skip("later")\n	if got' },
  },
  {
    name: 'Rust, cargo test',
    needs: 'cargo',
    files: {
      'Cargo.toml': '[package]\nname = "shop"\nversion = "0.1.0"\nedition = "2021"\n',
      'Cargo.lock': 'version = 3\n\n[[package]]\nname = "shop"\nversion = "0.1.0"\n',
      '.gitignore': 'target\n',
      'src/lib.rs': `pub struct Line {
    pub price: u32,
    pub quantity: u32,
}

pub fn total(lines: &[Line]) -> u32 {
    lines.iter().map(|line| line.price).sum()
}
`,
      'tests/cart.rs': `use shop::total;

#[test]
fn empty() {
    assert_eq!(total(&[]), 0);
}
`,
    },
    fix: { path: 'src/lib.rs', old: '|line| line.price)', new: '|line| line.price * line.quantity)' },
    test: {
      path: 'tests/quantity.rs',
      content: `use shop::{total, Line};

#[test]
fn two_of_an_article() {
    assert_eq!(total(&[Line { price: 3, quantity: 2 }]), 6);
}
`,
    },
    weaken: { path: 'tests/cart.rs', old: '#[test]\n', new: '#[test]\n#[ignore]\n' },
  },
  {
    name: 'Ruby, RSpec',
    needs: 'rspec',
    files: {
      '.bugloop/config.yml': 'version: 1\ncommands: { test: "rspec" }\n',
      'lib/cart.rb': `def total(lines)
  lines.sum { |line| line[:price] }
end
`,
      'spec/cart_spec.rb': `require_relative '../lib/cart'

RSpec.describe 'total' do
  it 'is nothing for an empty cart' do
    expect(total([])).to eq 0
  end
end
`,
    },
    fix: { path: 'lib/cart.rb', old: 'line[:price] }', new: 'line[:price] * line[:quantity] }' },
    test: {
      path: 'spec/quantity_spec.rb',
      content: `require_relative '../lib/cart'

RSpec.describe 'total' do
  it 'counts pieces' do
    expect(total([{ price: 3, quantity: 2 }])).to eq 6
  end
end
`,
    },
    weaken: { path: 'spec/cart_spec.rb', old: "  it 'is", new: "  xit 'is" },
  },
  {
    name: 'Ruby, minitest',
    needs: 'rake',
    files: {
      '.bugloop/config.yml': 'version: 1\ncommands: { test: "rake test" }\n',
      Rakefile: `require 'rake/testtask'

Rake::TestTask.new(:test) { |task| task.pattern = 'test/**/*_test.rb' }
`,
      'lib/cart.rb': `def total(lines)
  lines.sum { |line| line[:price] }
end
`,
      'test/cart_test.rb': `require 'minitest/autorun'
require_relative '../lib/cart'

class CartTest < Minitest::Test
  def test_empty
    assert_equal 0, total([])
  end
end
`,
    },
    fix: { path: 'lib/cart.rb', old: 'line[:price] }', new: 'line[:price] * line[:quantity] }' },
    test: {
      path: 'test/quantity_test.rb',
      content: `require 'minitest/autorun'
require_relative '../lib/cart'

class QuantityTest < Minitest::Test
  def test_two_of_an_article
    assert_equal 6, total([{ price: 3, quantity: 2 }])
  end
end
`,
    },
    weaken: { path: 'test/cart_test.rb', old: 'assert_equal 0, total([])', new: 'assert total([])' },
  },
  {
    name: 'PHP, PHPUnit',
    needs: 'phpunit',
    files: {
      '.bugloop/config.yml': 'version: 1\ncommands: { test: "phpunit tests" }\n',
      'src/cart.php': `<?php
function total(array $lines): int
{
    $sum = 0;
    foreach ($lines as $line) {
        $sum += $line['price'];
    }
    return $sum;
}
`,
      'tests/CartTest.php': `<?php
use PHPUnit\\Framework\\TestCase;

require_once __DIR__ . '/../src/cart.php';

final class CartTest extends TestCase
{
    public function testEmpty(): void
    {
        $this->assertSame(0, total([]));
    }
}
`,
    },
    fix: { path: 'src/cart.php', old: "$line['price'];", new: "$line['price'] * $line['quantity'];" },
    test: {
      path: 'tests/QuantityTest.php',
      content: `<?php
use PHPUnit\\Framework\\TestCase;

require_once __DIR__ . '/../src/cart.php';

final class QuantityTest extends TestCase
{
    public function testTwoOfAnArticle(): void
    {
        $this->assertSame(6, total([['price' => 3, 'quantity' => 2]]));
    }
}
`,
    },
    weaken: {
      path: 'tests/CartTest.php',
      old: '$this->assertSame',
      new: "$this->markTestSkipped('later');\n        $this->assertSame",
    },
  },
  {
    name: 'Java, Maven and JUnit 4',
    needs: 'mvn',
    files: {
      // The local repository that Debian's packages fill: nothing is fetched.
      '.bugloop/config.yml':
        'version: 1\ncommands: { setup: "true", test: "mvn -B -o -Dmaven.repo.local=/usr/share/maven-repo test" }\n',
      '.gitignore': 'target\n',
      'pom.xml': `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>shop</groupId>
  <artifactId>shop</artifactId>
  <version>1</version>
  <properties>
    <maven.compiler.source>11</maven.compiler.source>
    <maven.compiler.target>11</maven.compiler.target>
    <project.build.sourceEncoding>UTF-8</project.build.sourceEncoding>
  </properties>
  <dependencies>
    <dependency>
      <groupId>junit</groupId>
      <artifactId>junit</artifactId>
      <version>4.x</version>
      <scope>test</scope>
    </dependency>
  </dependencies>
</project>
`,
      'src/main/java/shop/Cart.java': `package shop;

public class Cart {
  public static int total(int[][] lines) {
    int sum = 0;
    for (int[] line : lines) {
      sum += line[0];
    }
    return sum;
  }
}
`,
      'src/test/java/shop/CartTest.java': `package shop;

import static org.junit.Assert.assertEquals;

import org.junit.Test;

public class CartTest {
  @Test
  public void empty() {
    assertEquals(0, Cart.total(new int[][] {}));
  }
}
`,
    },
    fix: { path: 'src/main/java/shop/Cart.java', old: 'sum += line[0];', new: 'sum += line[0] * line[1];' },
    test: {
      path: 'src/test/java/shop/QuantityTest.java',
      content: `package shop;

import static org.junit.Assert.assertEquals;

import org.junit.Test;

public class QuantityTest {
  @Test
  public void twoOfAnArticle() {
    assertEquals(6, Cart.total(new int[][] {{3, 2}}));
  }
}
`,
    },
    weaken: { path: 'src/test/java/shop/CartTest.java', old: '  @Test\n', new: '  @Test\n  @org.junit.Ignore\n' },
  },
];
