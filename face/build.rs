//! Fetches the front-end files that `assets/package.json` names, joins our own styles and scripts, and leaves
//! everything compressed and under a name that holds its hash for `assets.rs` to embed.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use sha2::{Digest, Sha256};

type Outcome<T> = Result<T, String>;

const STYLES: &[&str] = &["tokens.css", "base.css", "layout.css", "parts.css"];
const SCRIPTS: &[&str] = &["words.js", "times.js", "feedback.js", "keyboard.js", "palette.js", "live.js"];

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=assets");
    println!("cargo::rerun-if-env-changed=MAINSTAY_NODE_MODULES");
    if let Err(fault) = build() {
        println!("cargo::error={fault}");
        std::process::exit(1);
    }
}

fn build() -> Outcome<()> {
    let out = PathBuf::from(variable("OUT_DIR")?);
    let own = PathBuf::from(variable("CARGO_MANIFEST_DIR")?).join("assets");
    let modules = node_modules(&own, &out)?;

    let mut files = Files { out: out.clone(), code: String::new(), names: Vec::new() };
    let font = files.add(
        "FONT",
        "inter.woff2",
        "font/woff2",
        &read(&modules.join("inter-ui/variable-latin/InterVariable-subset.woff2"))?,
    )?;
    let css = joined(&own.join("css"), STYLES)?.replace("url(\"inter.woff2\")", &format!("url(\"{font}\")"));
    files.add("CSS", "app.css", "text/css; charset=utf-8", slim(&css).as_bytes())?;
    let js = joined(&own.join("js"), SCRIPTS)?;
    let js = format!("(() => {{\n\"use strict\";\n{js}}})();\n");
    files.add("APP", "app.js", SCRIPT, js.as_bytes())?;
    files.add("HTMX", "htmx.js", SCRIPT, &without_map(&read(&modules.join("htmx.org/dist/htmx.min.js"))?))?;
    let icons = icons(&own, &modules)?;
    files.add("ICONS", "icons.svg", "image/svg+xml", sprite(&icons).as_bytes())?;
    files.add("MARK", "mark.svg", "image/svg+xml", &read(&own.join("mark.svg"))?)?;
    files.add("LICENCES", "licences.txt", "text/plain; charset=utf-8", licences(&modules)?.as_bytes())?;
    files.finish()?;
    fs::write(out.join("icons.rs"), icon_type(&icons)?).map_err(|e| e.to_string())
}

const SCRIPT: &str = "text/javascript; charset=utf-8";

fn variable(name: &str) -> Outcome<String> {
    std::env::var(name).map_err(|_| format!("{name} is not set; build with cargo"))
}

fn read(path: &Path) -> Outcome<Vec<u8>> {
    fs::read(path).map_err(|e| format!("{}: {e}", path.display()))
}

fn text(path: &Path) -> Outcome<String> {
    String::from_utf8(read(path)?).map_err(|_| format!("{} is not UTF-8", path.display()))
}

/// Where the packages lie: given by the packager, or fetched once per lock file into the target folder.
fn node_modules(own: &Path, out: &Path) -> Outcome<PathBuf> {
    if let Ok(given) = std::env::var("MAINSTAY_NODE_MODULES") {
        return Ok(PathBuf::from(given));
    }
    let lock = read(&own.join("package-lock.json"))?;
    // OUT_DIR is <target>/<profile>/build/<crate>/out: all profiles share what is fetched.
    let target = out.ancestors().nth(4).ok_or("OUT_DIR has no target folder above it")?;
    let store = target.join("face-assets").join(short_hash(&lock));
    let modules = store.join("node_modules");
    if modules.join(".complete").exists() {
        return Ok(modules);
    }
    fetch(own, &store)?;
    Ok(modules)
}

/// Runs npm in a folder of its own and moves the result into place, so that a broken fetch leaves nothing behind.
fn fetch(own: &Path, store: &Path) -> Outcome<()> {
    let fresh = store.with_extension(format!("new-{}", std::process::id()));
    fs::create_dir_all(&fresh).map_err(|e| e.to_string())?;
    for name in ["package.json", "package-lock.json"] {
        fs::copy(own.join(name), fresh.join(name)).map_err(|e| e.to_string())?;
    }
    let ran = Command::new("npm")
        .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"])
        .current_dir(&fresh)
        .output();
    let done = match ran {
        Err(_) => Err("npm is missing: the build fetches htmx, icons and the font with it. Install it \
                       (Debian: apt-get install npm) and build again."
            .to_owned()),
        Ok(output) if !output.status.success() => Err(format!(
            "npm ci could not fetch the packages of face/assets/package-lock.json: {}",
            String::from_utf8_lossy(&output.stderr).trim().replace('\n', "; ")
        )),
        Ok(_) => Ok(()),
    };
    let kept = done.and_then(|()| {
        fs::write(fresh.join("node_modules/.complete"), "").map_err(|e| e.to_string())?;
        // Another build may have been quicker; its result is as good.
        let renamed = fs::rename(&fresh, store);
        if renamed.is_ok() || store.join("node_modules/.complete").exists() {
            Ok(())
        } else {
            Err(format!("{} could not be put in place", store.display()))
        }
    });
    fs::remove_dir_all(&fresh).ok();
    kept
}

fn joined(folder: &Path, names: &[&str]) -> Outcome<String> {
    names.iter().map(|name| text(&folder.join(name))).collect()
}

/// Drops comments and indentation of our own style sheet; it holds neither in strings.
fn slim(css: &str) -> String {
    let mut rest = css;
    let mut kept = String::new();
    while let Some((before, after)) = rest.split_once("/*") {
        kept.push_str(before);
        rest = after.split_once("*/").map_or("", |(_, after)| after);
    }
    kept.push_str(rest);
    let lines: Vec<&str> = kept.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    lines.join("\n")
}

/// The pointer to a source map that is not served would be a request for nothing.
fn without_map(script: &[u8]) -> Vec<u8> {
    let script = String::from_utf8_lossy(script);
    let lines: Vec<&str> = script.lines().filter(|line| !line.starts_with("//# sourceMappingURL")).collect();
    lines.join("\n").into_bytes()
}

/// What we pass on of others goes with its licence.
fn licences(modules: &Path) -> Outcome<String> {
    let mut all = String::new();
    for file in ["htmx.org/LICENSE", "inter-ui/LICENSE.txt", "lucide-static/LICENSE"] {
        let _ = write!(all, "{file}\n\n{}\n\n", text(&modules.join(file))?);
    }
    Ok(all)
}

struct Icon {
    name: String,
    drawing: String,
}

fn icons(own: &Path, modules: &Path) -> Outcome<Vec<Icon>> {
    let list = text(&own.join("icons.txt"))?;
    let lines = list.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty());
    lines
        .map(|line| {
            let mut words = line.split_whitespace();
            let (Some(name), Some(file)) = (words.next(), words.next()) else {
                return Err(format!("assets/icons.txt: `{line}` needs a name and a file"));
            };
            let svg = text(&modules.join(format!("lucide-static/icons/{file}.svg")))?;
            let start = svg.find("<svg").and_then(|at| svg[at..].find('>').map(|end| at + end + 1));
            let end = svg.rfind("</svg>");
            let (Some(start), Some(end)) = (start, end) else {
                return Err(format!("{file}.svg has no drawing"));
            };
            let drawing = svg[start..end].split_whitespace().collect::<Vec<_>>().join(" ");
            Ok(Icon { name: name.to_owned(), drawing })
        })
        .collect()
}

fn sprite(icons: &[Icon]) -> String {
    let mut svg = String::from("<svg xmlns=\"http://www.w3.org/2000/svg\"><!-- lucide, ISC licence -->\n");
    for icon in icons {
        let _ = writeln!(svg, "<symbol id=\"{}\" viewBox=\"0 0 24 24\">{}</symbol>", icon.name, icon.drawing);
    }
    svg + "</svg>\n"
}

fn icon_type(icons: &[Icon]) -> Outcome<String> {
    let mut code = String::from(
        "/// The icons of the house; `assets/icons.txt` says which drawing each one is.\n\
         #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]\npub enum Icon {\n",
    );
    let mut names = String::new();
    for icon in icons {
        let first = icon.name.get(..1).ok_or("an icon without a name")?.to_uppercase();
        let variant = first + &icon.name[1..];
        let _ = writeln!(code, "    /// Drawn as `{}`.\n    {variant},", icon.name);
        let _ = writeln!(names, "            Self::{variant} => \"{}\",", icon.name);
    }
    let _ = write!(
        code,
        "}}\nimpl Icon {{\n    /// The id of the drawing in the sprite.\n    pub const fn name(self) -> &'static str {{\n        \
         match self {{\n{names}        }}\n    }}\n}}\n"
    );
    Ok(code)
}

/// What is embedded, and the Rust that embeds it.
struct Files {
    out: PathBuf,
    code: String,
    names: Vec<&'static str>,
}

impl Files {
    /// Writes one file plain and compressed; returns the address it is served under.
    fn add(&mut self, constant: &'static str, name: &str, media: &str, body: &[u8]) -> Outcome<String> {
        let hash = short_hash(body);
        let (stem, extension) = name.rsplit_once('.').ok_or("an asset without an extension")?;
        let path = format!("/assets/{stem}.{hash}.{extension}");
        let keep = |suffix: &str, body: &[u8]| {
            fs::write(self.out.join(format!("{name}{suffix}")), body).map_err(|e| e.to_string())
        };
        keep("", body)?;
        // A woff2 file is compressed already.
        let packed = extension != "woff2";
        if packed {
            keep(".br", &brotli(body)?)?;
            keep(".gz", &gzip(body)?)?;
        }
        let embed = |suffix: &str| {
            if packed {
                format!("Some(include_bytes!(concat!(env!(\"OUT_DIR\"), \"/{name}{suffix}\")))")
            } else {
                "None".to_owned()
            }
        };
        let _ = writeln!(
            self.code,
            "/// `{name}`\npub static {constant}: Asset = Asset {{ path: \"{path}\", media: \"{media}\", etag: \"\\\"{hash}\\\"\",\n    \
             plain: include_bytes!(concat!(env!(\"OUT_DIR\"), \"/{name}\")), brotli: {}, gzip: {} }};",
            embed(".br"),
            embed(".gz")
        );
        self.names.push(constant);
        Ok(path)
    }

    fn finish(&self) -> Outcome<()> {
        let all = self.names.iter().map(|name| format!("&{name}")).collect::<Vec<_>>().join(", ");
        let code =
            format!("{}/// Everything that is served.\npub static ALL: &[&Asset] = &[{all}];\n", self.code);
        fs::write(self.out.join("assets.rs"), code).map_err(|e| e.to_string())
    }
}

fn short_hash(body: &[u8]) -> String {
    Sha256::digest(body).iter().take(6).fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn brotli(body: &[u8]) -> Outcome<Vec<u8>> {
    let mut packed = Vec::new();
    let parameters = brotli::enc::BrotliEncoderParams { quality: 11, lgwin: 18, ..Default::default() };
    brotli::BrotliCompress(&mut &body[..], &mut packed, &parameters).map_err(|e| e.to_string())?;
    Ok(packed)
}

fn gzip(body: &[u8]) -> Outcome<Vec<u8>> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(body).and_then(|()| encoder.finish()).map_err(|e| e.to_string())
}
