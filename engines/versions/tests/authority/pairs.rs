//! Pairs of versions that stress one scheme: made from a seed, so that a disagreement can be looked at again.

/// A small generator (xorshift64*); its numbers only have to be spread, not secret.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let value = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
        usize::try_from(value).expect("31 bits fit") % end
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }

    fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }
}

/// What the versions of a scheme are made of.
pub struct Grammar {
    pub starts: &'static [&'static str],
    pub joints: &'static [&'static str],
    pub words: &'static [&'static str],
    pub ends: &'static [&'static str],
    pub odd: &'static str,
}

const NUMBERS: &[&str] = &[
    "0",
    "1",
    "2",
    "9",
    "10",
    "00",
    "01",
    "09",
    "010",
    "99",
    "100",
    "2147483647",
    "2147483648",
    "9007199254740991",
    "9007199254740993",
    "18446744073709551616",
    "20240131",
    "123456789012345678901234567890",
    "00000000000000000000000000000000000001",
];

impl Grammar {
    /// One version; one in ten gets odd characters put in.
    pub fn version(&self, dice: &mut Dice) -> String {
        let mut text = dice.pick(self.starts).to_owned();
        for at in 0..=dice.below(5) {
            if at > 0 {
                text += dice.pick(self.joints);
            }
            text += if dice.chance(if at == 0 { 5 } else { 30 }) {
                dice.pick(self.words)
            } else {
                Self::number(dice)
            };
        }
        if dice.chance(40) {
            text += dice.pick(self.ends);
        }
        if dice.chance(10) {
            self.mutate(&mut text, dice);
        }
        text
    }

    fn number(dice: &mut Dice) -> &'static str {
        let usual = if dice.chance(85) { 5 } else { NUMBERS.len() };
        NUMBERS[dice.below(usual)]
    }

    /// A pair: every second time the other side is the first one, changed a little.
    pub fn pair(&self, dice: &mut Dice) -> (String, String) {
        loop {
            let a = self.version(dice);
            let mut b = if dice.chance(50) { a.clone() } else { self.version(dice) };
            for _ in 0..dice.below(3) {
                self.mutate(&mut b, dice);
            }
            if !a.trim().is_empty() && !b.trim().is_empty() {
                return (a, b);
            }
        }
    }

    fn mutate(&self, text: &mut String, dice: &mut Dice) {
        let places: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
        let at = places[dice.below(places.len())];
        match dice.below(4) {
            0 if at < text.len() => drop(text.remove(at)),
            1 => text.insert_str(at, dice.pick(self.joints)),
            2 => text.insert_str(at, NUMBERS[dice.below(6)]),
            _ => {
                let odd: Vec<char> = self.odd.chars().collect();
                text.insert(at, odd[dice.below(odd.len())]);
            }
        }
    }
}

pub const DPKG: Grammar = Grammar {
    starts: &[
        "",
        "",
        "",
        "",
        "",
        "",
        "",
        "",
        "",
        "",
        "",
        "",
        "1:",
        "1:",
        "0:",
        "2:",
        "10:",
        "+1:",
        "2147483647:",
        "-1:",
        "a:",
        "2147483648:",
    ],
    joints: &[".", ".", ".", ".", "-", "-", "+", "+", "~", "~", "", "~~", "+-"],
    words: &["dfsg", "rc", "a", "b", "git", "deb", "ubuntu", "Z", "beta", "ds", "+dfsg", "~rc"],
    ends: &[
        "-1",
        "-1+b1",
        "-1+deb12u3",
        "~bpo12+1",
        "-0ubuntu0.22.04.1",
        "+really1.0-1",
        "-1~deb12u1",
        "-",
        "-3.1",
    ],
    odd: "~+-.:_^!%aZ09 ä",
};

pub const RPM: Grammar = Grammar {
    starts: &["", "", "", "", "1:", "0:", "2:", "10:", ":", "a:"],
    joints: &[".", ".", ".", "-", "_", "+", "~", "^", "", "..", "~~", "^^"],
    words: &["rc", "a", "b", "git", "el", "fc", "module_el", "Z", "beta", "k", "p"],
    ends: &["-1.el9", "-2.el9_4.1", "-1.module_el8.6.0+1+abc", "~rc1-1", "^20240101git", "-", "-1.fc39"],
    odd: "~^+-.:_!%aZ09ä",
};

pub const PEP440: Grammar = Grammar {
    starts: &["", "", "", "", "", "v", "1!", "0!", "2!"],
    joints: &[".", ".", ".", ".", "-", "_", "", "+"],
    words: &["a", "b", "rc", "c", "alpha", "beta", "pre", "preview", "post", "rev", "r", "dev", "RC", "Dev"],
    ends: &[
        "a1",
        "b2",
        "rc1",
        ".post1",
        ".dev1",
        "-1",
        "+local.1",
        "+ubuntu1",
        ".dev0+abc",
        "rc1.post2.dev3",
        "a",
        ".dev",
    ],
    odd: ".!-_+avcdr09 *",
};

pub const SEMVER: Grammar = Grammar {
    starts: &["", "", "", "", "0.", "1.2.", "1.2.3-", "1.2.3-a.", "v", "1.0.0-rc.", "1.0.0+"],
    joints: &[".", ".", ".", ".", "-", "+"],
    words: &["alpha", "beta", "rc", "a", "A", "x-y", "-", "0a", "rc1"],
    ends: &[
        "-alpha",
        "-alpha.1",
        "-rc.10",
        "-rc.9",
        "+build",
        "+001",
        "-0",
        "-00",
        "-a.b.c",
        "-1.2.3",
        "-20240101+x",
    ],
    odd: ".-+avx09= ",
};

pub const MAVEN: Grammar = Grammar {
    starts: &["", "", "", "", "", "v", "r"],
    joints: &[".", ".", ".", ".", "-", "-", "", "_", "+"],
    words: &[
        "alpha",
        "beta",
        "milestone",
        "rc",
        "cr",
        "snapshot",
        "SNAPSHOT",
        "ga",
        "final",
        "Final",
        "release",
        "RELEASE",
        "sp",
        "a",
        "b",
        "m",
        "M",
        "jre",
        "android",
        "x",
        "rc1",
        "beta2",
        "GA",
    ],
    ends: &[
        "-SNAPSHOT",
        ".Final",
        ".RELEASE",
        "-jre",
        "-rc-1",
        "-M1",
        ".RC2",
        "-alpha1",
        ".0.0",
        "-0",
        ".SP1",
        "-b01",
    ],
    odd: ".-_+aAmx09",
};

pub const GEM: Grammar = Grammar {
    starts: &["", "", "", "", ""],
    joints: &[".", ".", ".", ".", "-", ""],
    words: &["pre", "rc", "beta", "alpha", "a", "b", "RC", "java"],
    ends: &[".pre", ".rc1", ".beta.2", "-java", "-x86_64-linux", ".0.0", ".0.a.0", "-1"],
    odd: ".-_a0Z9 ",
};

pub const COMPOSER: Grammar = Grammar {
    starts: &["", "", "", "", "", "v", "V", "dev-", "2024-", "20240131."],
    joints: &[".", ".", ".", ".", "-", "_", ""],
    words: &["alpha", "beta", "rc", "RC", "a", "b", "p", "pl", "patch", "stable", "dev", "x"],
    ends: &[
        "-dev",
        "-alpha",
        "-beta1",
        "-RC2",
        "-p1",
        "-patch.2",
        ".x-dev",
        "-stable",
        "-beta1-dev",
        "@dev",
        "+build",
        "RC1",
    ],
    odd: ".-_avx09 @",
};
