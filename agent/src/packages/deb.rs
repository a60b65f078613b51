//! Reading one file out of a Debian package, without dpkg.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

/// A changelog longer than this is cut.
const MOST_CHANGELOG_BYTES: u64 = 16 << 20;
/// Bytes of file data passed over before the search is given up.
const MOST_DATA_BYTES: u64 = 8 << 30;
const HEADER_BYTES: usize = 60;

/// Why a package has no changelog to read.
#[derive(Debug, thiserror::Error)]
pub enum DebFault {
    #[error("this is no Debian package: {0}")]
    Shape(&'static str),
    #[error("the package is packed with {0}, which is not understood")]
    Packing(String),
    #[error("the package carries no changelog of its own")]
    Absent,
    #[error("the changelog is in the package {0}")]
    Elsewhere(String),
    #[error("the package cannot be read: {0}")]
    Broken(#[from] io::Error),
}

/// The Debian changelog inside the package at `path`, unpacked; at most 16 MiB of it.
pub fn changelog(path: &Path) -> Result<String, DebFault> {
    let mut file = BufReader::new(File::open(path)?);
    let mut magic = [0; 8];
    file.read_exact(&mut magic).map_err(|_| DebFault::Shape("it is too short"))?;
    if magic != *b"!<arch>\n" {
        return Err(DebFault::Shape("the first line is another one"));
    }
    loop {
        let (name, size) = member(&mut file)?;
        let mut body = (&mut file).take(size);
        let Some(packing) = name.strip_prefix("data.tar") else {
            io::copy(&mut body, &mut io::sink())?;
            let mut padding = (&mut file).take(size % 2);
            io::copy(&mut padding, &mut io::sink())?;
            continue;
        };
        return match packing {
            "" => find(body),
            ".gz" => find(flate2::read::MultiGzDecoder::new(body)),
            ".xz" => find(lzma_rust2::XzReader::new(body, true)),
            ".zst" => find(zstd::stream::read::Decoder::new(body)?),
            other => Err(DebFault::Packing(other.trim_start_matches('.').to_owned())),
        };
    }
}

/// Name and size of the next member of the outer archive.
fn member(file: &mut impl Read) -> Result<(String, u64), DebFault> {
    let mut header = [0; HEADER_BYTES];
    file.read_exact(&mut header).map_err(|_| DebFault::Shape("it has no data part"))?;
    if header[58..] != *b"`\n" {
        return Err(DebFault::Shape("a member has no end mark"));
    }
    let text = |part: &[u8]| String::from_utf8_lossy(part).trim().to_owned();
    let size = text(&header[48..58]).parse().map_err(|_| DebFault::Shape("a member has no size"))?;
    Ok((text(&header[..16]).trim_end_matches('/').to_owned(), size))
}

/// `changelog.Debian.gz` is that of the Debian package; `changelog.gz` counts for a package made in Debian.
fn find(from: impl Read) -> Result<String, DebFault> {
    let mut archive = tar::Archive::new(from.take(MOST_DATA_BYTES));
    let (mut plain, mut elsewhere) = (None, None);
    for entry in archive.entries()? {
        let entry = entry?;
        let path = String::from_utf8_lossy(&entry.path_bytes()).trim_start_matches("./").to_owned();
        let Some(inside) = path.strip_prefix("usr/share/doc/") else { continue };
        let kind = entry.header().entry_type();
        if kind.is_symlink() {
            let target = entry.link_name_bytes().map(|target| String::from_utf8_lossy(&target).into_owned());
            let is_folder = !inside.trim_end_matches('/').contains('/');
            if is_folder || inside.ends_with("/changelog.Debian.gz") {
                elsewhere = target.map(|target| package_of(&target));
            }
            continue;
        }
        let Some((_, name)) =
            inside.split_once('/').filter(|(_, name)| kind.is_file() && !name.contains('/'))
        else {
            continue;
        };
        match name {
            "changelog.Debian.gz" => return unpack(entry, true),
            "changelog.Debian" => return unpack(entry, false),
            "changelog.gz" => plain = Some(unpack(entry, true)?),
            "changelog" => plain = Some(unpack(entry, false)?),
            _ => {}
        }
    }
    match (plain, elsewhere) {
        (Some(text), _) => Ok(text),
        (None, Some(package)) => Err(DebFault::Elsewhere(package)),
        (None, None) => Err(DebFault::Absent),
    }
}

fn unpack(entry: impl Read, is_packed: bool) -> Result<String, DebFault> {
    let mut bytes = Vec::new();
    if is_packed {
        flate2::read::MultiGzDecoder::new(entry).take(MOST_CHANGELOG_BYTES).read_to_end(&mut bytes)?;
    } else {
        entry.take(MOST_CHANGELOG_BYTES).read_to_end(&mut bytes)?;
    }
    Ok(String::from_utf8(bytes)
        .unwrap_or_else(|fault| String::from_utf8_lossy(fault.as_bytes()).into_owned()))
}

/// The package a link such as `../libfoo1/changelog.Debian.gz` or `libfoo1` leads to.
fn package_of(target: &str) -> String {
    let mut parts = target.split('/').filter(|part| !part.is_empty() && *part != ".." && *part != ".");
    let found = parts.find(|part| !["usr", "share", "doc"].contains(part));
    found.unwrap_or(target).to_owned()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::process::Command;

    use super::*;

    fn build(packing: &str, make: impl FnOnce(&Path)) -> Option<Result<String, DebFault>> {
        let folder = tempfile::tempdir().unwrap();
        let tree = folder.path().join("tree");
        fs::create_dir_all(tree.join("DEBIAN")).unwrap();
        fs::create_dir_all(tree.join("usr/share/doc")).unwrap();
        fs::write(
            tree.join("DEBIAN/control"),
            "Package: x\nVersion: 2\nArchitecture: all\nMaintainer: x\nDescription: x\n",
        )
        .unwrap();
        make(&tree);
        let deb = folder.path().join("x.deb");
        let output = Command::new("dpkg-deb")
            .arg(format!("-Z{packing}"))
            .arg("-b")
            .arg(&tree)
            .arg(&deb)
            .output()
            .ok()?;
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Some(changelog(&deb))
    }

    fn packed(text: &str) -> Vec<u8> {
        use std::io::Write;
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packer.write_all(text.as_bytes()).unwrap();
        packer.finish().unwrap()
    }

    #[test]
    fn every_usual_packing_is_read() {
        for packing in ["none", "gzip", "xz", "zstd"] {
            let read = build(packing, |tree| {
                fs::create_dir_all(tree.join("usr/share/doc/x")).unwrap();
                fs::write(tree.join("usr/share/doc/x/changelog.gz"), packed("upstream")).unwrap();
                fs::write(tree.join("usr/share/doc/x/changelog.Debian.gz"), packed("x (2) s; urgency=low\n"))
                    .unwrap();
            });
            let Some(read) = read else {
                println!("skipped: dpkg-deb is not here");
                return;
            };
            assert_eq!(read.unwrap(), "x (2) s; urgency=low\n", "{packing}");
        }
    }

    #[test]
    fn a_changelog_of_another_package_is_named() {
        let linked = |tree: &Path| std::os::unix::fs::symlink("libx1", tree.join("usr/share/doc/x")).unwrap();
        match build("xz", linked) {
            None => println!("skipped: dpkg-deb is not here"),
            Some(read) => assert!(matches!(read, Err(DebFault::Elsewhere(package)) if package == "libx1")),
        }
        if let Some(read) = build("xz", |_| {}) {
            assert!(matches!(read, Err(DebFault::Absent)));
        }
    }

    #[test]
    fn what_is_no_package_is_a_fault() {
        let folder = tempfile::tempdir().unwrap();
        for bytes in [
            &b""[..],
            b"!<arch>\n",
            b"#!/bin/sh\necho",
            b"!<arch>\ndata.tar.xz     0           0     0     100644  4         `\nxxxx",
        ] {
            let path = folder.path().join("x.deb");
            fs::write(&path, bytes).unwrap();
            assert!(changelog(&path).is_err());
        }
    }
}
