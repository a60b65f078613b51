//! Lock files and bills of materials, as their tools write them, cut down to what matters.

use super::{Analysis, Inventory, Statement, cyclonedx_vex, dpkg_list, lock_file, text_of};

fn read(name: &str, text: &str) -> Inventory {
    lock_file(name, text)
        .unwrap_or_else(|| panic!("{name} is not known"))
        .unwrap_or_else(|fault| panic!("{name}: {fault}"))
}

fn names(inventory: &Inventory) -> Vec<String> {
    inventory.packages.iter().map(|one| format!("{} {} {}", one.ecosystem, one.name, one.version)).collect()
}

#[test]
fn cargo() {
    let text = "version = 4\n[[package]]\nname = \"own\"\nversion = \"0.1.0\"\n[[package]]\nname = \"serde\"\nversion = \"1.0.1\"\nsource = \"registry+https://github.com/rust-lang/crates.io-index\"\n[[package]]\nname = \"fork\"\nversion = \"1.0.0\"\nsource = \"git+https://example.org/fork#abc\"\n";
    let inventory = read("a/Cargo.lock", text);
    assert_eq!(names(&inventory), ["crates.io serde 1.0.1"]);
    assert_eq!(inventory.unread[0].record, "fork");
}

#[test]
fn npm() {
    let three = r#"{"lockfileVersion": 3, "packages": {"": {"name": "own", "version": "1.0.0"},
        "node_modules/@a/b": {"version": "2.0.0"}, "node_modules/c/node_modules/d": {"version": "1.2.3"},
        "node_modules/alias": {"name": "real", "version": "4.0.0"}, "node_modules/own2": {"link": true}}}"#;
    assert_eq!(names(&read("package-lock.json", three)), ["npm @a/b 2.0.0", "npm real 4.0.0", "npm d 1.2.3"]);
    let one = r#"{"lockfileVersion": 1, "dependencies": {"a": {"version": "1.0.0", "dependencies": {"b": {"version": "2.0.0"}}},
        "g": {"version": "git+https://example.org/g.git#abc"}, "x": {"version": "npm:y@3.0.0"}}}"#;
    let inventory = read("package-lock.json", one);
    assert_eq!(names(&inventory), ["npm a 1.0.0", "npm b 2.0.0", "npm y 3.0.0"]);
    assert_eq!(inventory.unread.len(), 1);
    let four = r#"{"lockfileVersion": 3, "packages": {"node_modules/g": {"version": "1.0.0", "resolved": "git+ssh://git@example.org/g.git#abc"}}}"#;
    assert_eq!(read("package-lock.json", four).unread[0].record, "g", "a fork is not the published package");
    assert_eq!(names(&read("package-lock.json", r#"{"lockfileVersion": 1, "requires": true}"#)), [""; 0]);
    let pnpm = "lockfileVersion: '9.0'\npackages:\n  '@a/b@2.0.0':\n    resolution: {integrity: x}\n  c@1.2.3(d@4.0.0):\n    resolution: {integrity: x}\n";
    assert_eq!(names(&read("pnpm-lock.yaml", pnpm)), ["npm @a/b 2.0.0", "npm c 1.2.3"]);
    let pnpm = "lockfileVersion: 5.4\npackages:\n  /@a/b/2.0.0:\n    dev: true\n  /c/1.2.3_d@4.0.0:\n    dev: true\n  /e_f/1.0.0-rc.1:\n    dev: true\n";
    assert_eq!(names(&read("pnpm-lock.yaml", pnpm)), ["npm @a/b 2.0.0", "npm c 1.2.3", "npm e_f 1.0.0-rc.1"]);
    let pnpm = "lockfileVersion: 5.3\npackages:\n  registry.npmjs.org/a/1.0.0_b@2.0.0+c@3.0.0:\n    dev: true\n  github.com/u/r/0a1b2c:\n    name: r\n    version: 1.0.0\n  file:../own:\n    name: own\n    version: 0.0.0\n";
    let inventory = read("pnpm-lock.yaml", pnpm);
    assert_eq!((names(&inventory), inventory.unread.len()), (vec!["npm a 1.0.0".to_owned()], 2));
    let pnpm = "lockfileVersion: '6.0'\npackages:\n  /@a/b@2.0.0(c@1.0.0)(d@2.0.0):\n    dev: true\n  r@https://codeload.github.com/u/r/tar.gz/0a1:\n    version: 1.0.0\n";
    let inventory = read("pnpm-lock.yaml", pnpm);
    assert_eq!((names(&inventory), inventory.unread.len()), (vec!["npm @a/b 2.0.0".to_owned()], 1));
}

#[test]
fn yarn() {
    let classic = "# yarn lockfile v1\n\n\"@a/b@^2.0.0\", \"@a/b@~2.0.0\":\n  version \"2.0.1\"\n  resolved \"x\"\n  dependencies:\n    version \"^9\"\n\nc@^1, d@npm:c@^1:\n  version \"1.2.3\"\n";
    assert_eq!(names(&read("yarn.lock", classic)), ["npm @a/b 2.0.1", "npm c 1.2.3"]);
    let berry = "__metadata:\n  version: 8\n\"@a/b@npm:^2.0.0\":\n  version: 2.0.1\n  resolution: \"@a/b@npm:2.0.1\"\n\"own@workspace:.\":\n  version: 0.0.0-use.local\n  resolution: \"own@workspace:.\"\n\"g@https://example.org/g.git\":\n  version: 1.0.0\n  resolution: \"g@https://example.org/g.git#commit=abc\"\n";
    let inventory = read("yarn.lock", berry);
    assert_eq!(names(&inventory), ["npm @a/b 2.0.1"]);
    assert_eq!(inventory.unread[0].record, "g");
    let berry = "__metadata:\n  version: 8\n\"t@patch:t@npm%3A^5#optional!builtin\":\n  version: 5.3.3\n  resolution: \"t@patch:t@npm%3A5.3.3#optional!builtin::version=5.3.3\"\n";
    assert_eq!(names(&read("yarn.lock", berry)), ["npm t 5.3.3"]);
    let classic = "g@git+ssh://git@example.org/g.git:\n  version \"1.0.0\"\n\nu@user/repository:\n  version \"1.0.0\"\n";
    assert_eq!(read("yarn.lock", classic).unread.len(), 2);
}

#[test]
fn python() {
    let uv = "version = 1\n[[package]]\nname = \"own\"\nversion = \"0.1.0\"\nsource = { editable = \".\" }\n[[package]]\nname = \"Some_Thing\"\nversion = \"1.10\"\nsource = { registry = \"https://pypi.org/simple\" }\n";
    assert_eq!(names(&read("uv.lock", uv)), ["PyPI some-thing 1.10"]);
    let poetry = "[[package]]\nname = \"a\"\nversion = \"1.0\"\n[package.source]\ntype = \"legacy\"\nurl = \"https://example.org/simple\"\n[[package]]\nname = \"g\"\nversion = \"1.0\"\n[package.source]\ntype = \"git\"\nurl = \"https://example.org/g.git\"\n[[package]]\nname = \"own\"\nversion = \"0\"\n[package.source]\ntype = \"directory\"\nurl = \"../own\"\n";
    let inventory = read("poetry.lock", poetry);
    assert_eq!(
        (names(&inventory), inventory.unread[0].record.as_str()),
        (vec!["PyPI a 1.0".to_owned()], "g")
    );
    let pylock = "lock-version = \"1.0\"\n[[packages]]\nname = \"a\"\nversion = \"1.0\"\nindex = \"https://pypi.org/simple\"\n[[packages]]\nname = \"v\"\n[packages.vcs]\ntype = \"git\"\n";
    let inventory = read("pylock.dev.toml", pylock);
    assert_eq!(
        (names(&inventory), inventory.unread[0].record.as_str()),
        (vec!["PyPI a 1.0".to_owned()], "v")
    );
    let pipfile = r#"{"_meta": {"requires": {}}, "default": {"a": {"version": "==1.0"}}, "develop": {"b": {"git": "x"}}, "docs": {"c": {"version": "==2"}}}"#;
    let inventory = read("Pipfile.lock", pipfile);
    assert_eq!(
        (names(&inventory), inventory.unread.len()),
        (vec!["PyPI a 1.0".to_owned(), "PyPI c 2".to_owned()], 1)
    );
    let plain = "# c\nA[extra]==1.0 ; python_version > '3' \\\n    --hash=sha256:abc\nb>=2\nc==3.*\n-r other.txt\nd === 4 # why\n--index-url x\n";
    let inventory = read("requirements-dev.txt", plain);
    assert_eq!(names(&inventory), ["PyPI a 1.0", "PyPI d 4"]);
    assert_eq!(inventory.unread.len(), 3);
}

#[test]
fn go_php_ruby_dotnet() {
    let go = "module own\n\ngo 1.22.1\n\nrequire (\n\ta.org/b v1.2.3 // indirect\n\tc.org/d v0.0.0-20191109021931-daa7c04131f5\n)\nrequire e.org/f v2.0.0+incompatible\nreplace c.org/d => ../d\nreplace e.org/f v2.0.0+incompatible => e.org/f v2.1.0+incompatible\n";
    let inventory = read("go.mod", go);
    assert_eq!(
        names(&inventory),
        ["Go a.org/b v1.2.3", "Go e.org/f v2.1.0+incompatible", "Go stdlib go1.22.1"]
    );
    assert_eq!(inventory.unread[0].record, "c.org/d");
    let go = "require(\n\tgithub.com/BurntSushi/toml v1.0.0\n)\nrequire (\n\ta v1.0.0\n\tb v1.0.0\n)\nreplace a v0.9.0 => a v2.0.0\nreplace b v1.0.0 => b v1.0.1\n\ntoolchain default\n";
    assert_eq!(
        names(&read("go.mod", go)),
        ["Go github.com/burntsushi/toml v1.0.0", "Go a v1.0.0", "Go b v1.0.1"]
    );
    assert_eq!(names(&read("go.sum", "a v1 h1:x\na v1/go.mod h1:x\n")), ["Go a v1"]);
    let php = r#"{"packages": [{"name": "A/B", "version": "v1.2.3"}], "packages-dev": [{"name": "c/d", "version": "dev-main"}]}"#;
    assert_eq!(names(&read("composer.lock", php)), ["Packagist a/b v1.2.3", "Packagist c/d dev-main"]);
    let ruby = "GIT\n  remote: x\n  specs:\n    own (0.1)\n\nGEM\n  remote: https://rubygems.org/\n  specs:\n    nokogiri (1.16.0-x86_64-linux)\n      racc (~> 1.4)\n    racc (1.7.3)\n\nPLATFORMS\n  ruby\n";
    let inventory = read("Gemfile.lock", ruby);
    assert_eq!(names(&inventory), ["RubyGems nokogiri 1.16.0", "RubyGems racc 1.7.3"]);
    let lock = r#"{"version": 1, "dependencies": {"net8.0": {"Newtonsoft.Json": {"type": "Direct", "resolved": "13.0.1"}, "own": {"type": "Project"}}}}"#;
    assert_eq!(names(&read("packages.lock.json", lock)), ["NuGet newtonsoft.json 13.0.1"]);
    assert_eq!(
        names(&read("packages.config", r#"<packages><package id="A" version="1.0" /></packages>"#)),
        ["NuGet a 1.0"]
    );
}

#[test]
fn maven() {
    let pom = r"<project><groupId>g</groupId><version>1.0</version><properties><v>2.5</v><loop>${loop}</loop></properties>
      <dependencyManagement><dependencies><dependency><groupId>m</groupId><artifactId>m</artifactId><version>${v}</version></dependency></dependencies></dependencyManagement>
      <dependencies>
        <dependency><groupId>m</groupId><artifactId>m</artifactId></dependency>
        <dependency><groupId>${project.groupId}</groupId><artifactId>b</artifactId><version>${project.version}</version></dependency>
        <dependency><groupId>c</groupId><artifactId>c</artifactId><version>[1,2)</version></dependency>
        <dependency><groupId>d</groupId><artifactId>d</artifactId></dependency>
        <dependency><groupId>e</groupId><artifactId>e</artifactId><version>${loop}</version></dependency>
      </dependencies>
      <build><plugins><plugin><dependencies><dependency><groupId>p</groupId><artifactId>p</artifactId><version>1</version></dependency></dependencies></plugin></plugins></build></project>";
    let inventory = read("pom.xml", pom);
    assert_eq!(names(&inventory), ["Maven m:m 2.5", "Maven g:b 1.0"]);
    assert_eq!(
        inventory.unread.iter().map(|one| one.record.as_str()).collect::<Vec<_>>(),
        ["c:c", "d:d", "e:e"]
    );
    assert_eq!(names(&read("gradle.lockfile", "# c\na:b:1.0=x,y\nempty=z\n")), ["Maven a:b 1.0"]);
}

#[test]
fn damaged_locks_are_refused_not_read_as_empty() {
    for name in [
        "Cargo.lock",
        "package-lock.json",
        "uv.lock",
        "composer.lock",
        "packages.lock.json",
        "pom.xml",
        "pnpm-lock.yaml",
    ] {
        let text = if name == "pom.xml" { "<project><dependencies>" } else { "{ \"a" };
        assert!(lock_file(name, text).unwrap().is_err(), "{name}");
    }
    assert!(lock_file("notes.txt", "").is_none());
}

#[test]
fn debian_lists_go_by_columns_three_and_four() {
    let text = "cpp\t4:12.2.0-3\tgcc-defaults\t1.203\tamd64\tinstalled\nold\t1\told\t1\tall\tconfig-files\nnodejs\t22.1.0-1nodesource1\tnodejs\t22.1.0-1nodesource1\tamd64\tinstalled\nbroken line\n";
    let inventory = dpkg_list(text, "Debian:12");
    assert_eq!(names(&inventory), ["Debian:12 gcc-defaults 1.203", "Debian:12 nodejs 22.1.0-1nodesource1"]);
    assert_eq!((inventory.packages[1].foreign.as_str(), inventory.unread.len()), ("nodesource", 1));
    let half =
        "a\t1\ta\t1\tall\thalf-configured\nb\t1\tb\t1\tall\tunpacked\nc\t1\tc\t1\tall\tnot-installed\n";
    assert_eq!(
        names(&dpkg_list(half, "Debian:12")),
        ["Debian:12 a 1", "Debian:12 b 1"],
        "their files are there"
    );
}

#[test]
fn texts_of_windows_tools_are_read_and_odd_bytes_named() {
    let wide: Vec<u8> = "\u{feff}a==1.0\r\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(names(&read("requirements.txt", &text_of(&wide))), ["PyPI a 1.0"]);
    let marked = "\u{feff}<packages><package id=\"A&amp;B\" version=\"1.0\"/></packages>";
    assert_eq!(names(&read("packages.config", &text_of(marked.as_bytes()))), ["NuGet a&b 1.0"]);
    let latin = text_of(b"caf\xe9==1.0\nok==2\n");
    let inventory = read("requirements.txt", &latin);
    assert_eq!((names(&inventory), inventory.unread.len()), (vec!["PyPI ok 2".to_owned()], 1));
    assert_eq!(dpkg_list(&text_of(b"a\xff\t1\ta\t1\tall\tinstalled\n"), "Debian:12").unread.len(), 1);
}

#[test]
fn decisions_are_published_as_vex() {
    let vector = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H";
    let statement = Statement {
        id: "CVE-2026-1",
        source: "debian-tracker",
        component: "pkg:deb/debian/openssl@3.0.19-1",
        analysis: Analysis::NotAffected,
        detail: "fixed in 3.0.19-1",
        scores: Some((crate::score::score(vector).unwrap(), vector)),
    };
    let vex = cyclonedx_vex(&[statement], "3e671687-395b-41f5-a30f-a58921a69b79", "2026-11-23T00:00:00Z");
    assert_eq!(vex["vulnerabilities"][0]["analysis"]["state"], "not_affected");
    assert_eq!(vex["vulnerabilities"][0]["ratings"][0]["method"], "CVSSv31");
    assert_eq!(vex["vulnerabilities"][0]["affects"][0]["ref"], vex["components"][0]["bom-ref"]);
    assert_eq!(vex["components"][0]["version"], "3.0.19-1");
}
