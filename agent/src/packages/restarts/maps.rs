//! `/proc/PID/maps`: which mapped files are replaced code.

use std::collections::BTreeSet;

/// Places where programs make files for themselves and delete them at once.
const OWN_FILES: [&str; 13] = [
    "/memfd:",
    "/dev/",
    "/SYSV",
    "/drm",
    "/i915",
    "/[aio]",
    "/anon_hugepage",
    "/tmp/",
    "/var/tmp/",
    "/run/",
    "/var/run/",
    "/home/",
    "/var/lib/",
];

/// Deleted files mapped as code, and deleted libraries and archives of code mapped in any way; sorted.
pub fn replaced(maps: &str) -> Vec<String> {
    let files: BTreeSet<&str> = maps.lines().filter_map(replaced_file).collect();
    files.into_iter().map(str::to_owned).collect()
}

/// `start-end perms offset device inode path`.
fn replaced_file(line: &str) -> Option<&str> {
    let path = line.strip_suffix(" (deleted)")?;
    let mut rest = path;
    let mut columns = [""; 5];
    for column in &mut columns {
        rest = rest.trim_start();
        let (one, after) = rest.split_at(rest.find(' ')?);
        (*column, rest) = (one, after);
    }
    let path = rest.trim_start();
    let [_, permissions, _, _, inode] = columns;
    let is_file = inode != "0" && path.starts_with('/') && !OWN_FILES.iter().any(|own| path.starts_with(own));
    let is_code = permissions.contains('x') || is_library(path);
    (is_file && is_code).then_some(path)
}

fn is_library(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.contains(".so.") || [".so", ".jar"].iter().any(|ending| name.ends_with(ending))
}

#[cfg(test)]
mod tests {
    use super::replaced;

    #[test]
    fn only_replaced_code_counts() {
        let maps = "\
55d0-55d1 r-xp 00000000 08:01 131 /usr/sbin/nginx (deleted)
7f00-7f01 r--p 00000000 08:01 132 /usr/lib/x86_64-linux-gnu/libssl.so.3 (deleted)
7f01-7f02 r-xp 00001000 08:01 132 /usr/lib/x86_64-linux-gnu/libssl.so.3 (deleted)
7f02-7f03 r--p 00000000 08:01 133 /usr/lib/locale/C.utf8/LC_CTYPE (deleted)
7f03-7f04 rw-s 00000000 00:05 134 /dev/zero (deleted)
7f04-7f05 rwxp 00000000 00:01 135 /memfd:doublemapper (deleted)
7f05-7f06 r-xp 00000000 08:01 136 /tmp/jna123.so (deleted)
7f06-7f07 r-xp 00000000 08:01 137 /usr/lib/libc.so.6
7f07-7f08 rw-s 00000000 00:01 0 /SYSV00000000 (deleted)
7f08-7f09 r--s 00000000 08:01 138 /usr/share/java/a b.jar (deleted)
7ffd-7ffe rw-p 00000000 00:00 0 [stack]
";
        assert_eq!(
            replaced(maps),
            ["/usr/lib/x86_64-linux-gnu/libssl.so.3", "/usr/sbin/nginx", "/usr/share/java/a b.jar",]
        );
        assert!(replaced("").is_empty());
        assert!(replaced(" (deleted)\nx (deleted)").is_empty());
    }
}
