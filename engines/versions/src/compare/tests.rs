//! Tables of known answers and the laws of a total order, for every scheme.

use std::cmp::Ordering::{self, Equal, Greater, Less};

use proptest::prelude::*;

use super::{Fault, Scheme, Side, Undecidable};

fn table(scheme: Scheme, rows: &[(&str, Ordering, &str)]) {
    for (a, expected, b) in rows {
        assert_eq!(scheme.compare(a, b), Ok(*expected), "{scheme}: {a} against {b}");
        assert_eq!(scheme.compare(b, a), Ok(expected.reverse()), "{scheme}: {b} against {a}");
    }
}

fn refused(scheme: Scheme, rows: &[(&str, Fault)]) {
    for (text, fault) in rows {
        let left = Undecidable { side: Side::Left, fault: *fault };
        let right = Undecidable { side: Side::Right, fault: *fault };
        assert_eq!(scheme.compare(text, "1"), Err(left), "{scheme}: {text:?}");
        assert_eq!(scheme.compare("1", text), Err(right), "{scheme}: {text:?}");
    }
}

#[test]
fn dpkg_orders_like_debian_policy() {
    table(
        Scheme::Dpkg,
        &[
            ("1.0", Equal, "0:1.0"),
            ("1.0", Equal, "1.0-0"),
            ("1:0.1", Greater, "9.9"),
            ("1.0~rc1", Less, "1.0"),
            ("1.0~~", Less, "1.0~"),
            ("1.0~~a", Less, "1.0~"),
            ("1.0-1+b1", Greater, "1.0-1"),
            ("1.0-1+b1", Less, "1.0-1+deb12u1"),
            ("3.0.11-1~deb12u2", Less, "3.0.11-1"),
            ("1.0a", Less, "1.0+"),
            ("1.0a7", Less, "1.0a10"),
            ("00001.2", Equal, "1.2"),
            ("1.20000000000000000000000000000000000001", Greater, "1.20000000000000000000000000000000000000"),
            ("1-2-3", Greater, "1-1-9"),
            ("1:1.2:3", Greater, "1:1.2"),
            (" 1.0\t", Equal, "1.0"),
            ("+1:0", Equal, "1:0"),
            ("v1", Greater, "1"),
            ("1_1", Greater, "1a"),
        ],
    );
}

#[test]
fn dpkg_refuses_what_dpkg_refuses() {
    refused(
        Scheme::Dpkg,
        &[
            ("", Fault::Empty),
            ("  ", Fault::Empty),
            ("1 2", Fault::Space),
            (":1", Fault::EpochEmpty),
            ("a:1", Fault::EpochEmpty),
            ("1a:1", Fault::EpochNotNumber),
            ("-1:1", Fault::EpochNegative),
            ("2147483648:1", Fault::EpochTooBig),
            ("99999999999999999999999:1", Fault::EpochTooBig),
            ("1:", Fault::AfterEpochEmpty),
            ("1-", Fault::RevisionEmpty),
            ("-1", Fault::VersionEmpty),
        ],
    );
    assert_eq!(Scheme::Dpkg.check("unknown"), Err(Fault::NoDigitFirst));
    assert_eq!(Scheme::Dpkg.check("1.0_2"), Err(Fault::Character));
    assert_eq!(Scheme::Dpkg.check("2:1.0+dfsg~rc1-1+b2"), Ok(()));
}

#[test]
fn rpm_orders_like_rpm() {
    table(
        Scheme::Rpm,
        &[
            ("1.0-1", Equal, "0:1.0-1"),
            ("1:1-1", Greater, "2-1"),
            ("1.0", Less, "1.0-1"),
            ("1.0", Equal, "1_0"),
            ("1.0", Equal, "1..0."),
            ("1.0a", Greater, "1.0"),
            ("1.0a", Less, "1.0.1"),
            ("1.0~rc1-1", Less, "1.0-1"),
            ("1.0^git1", Greater, "1.0"),
            ("1.0^git1", Less, "1.0.1"),
            ("1.0^", Greater, "1.0~"),
            ("1.0~^", Greater, "1.0~"),
            ("2.0.01", Equal, "2.0.1"),
            ("FC5", Less, "fc4"),
            ("3.0.7-27.el9_0", Less, "3.0.7-28.el9_4"),
            ("1.1.1-2.module_el8.6.0+1", Less, "1.1.1-2.module_el8.10.0+1"),
            ("10.0", Greater, "9.99999999999999999999999"),
            ("a", Less, "1"),
        ],
    );
    refused(Scheme::Rpm, &[("", Fault::Empty)]);
    assert_eq!(Scheme::Rpm.check("(none)"), Err(Fault::Character));
    assert_eq!(Scheme::Rpm.check("unknown"), Err(Fault::NoDigit));
    assert_eq!(Scheme::Rpm.check("1:"), Err(Fault::AfterEpochEmpty));
    assert_eq!(Scheme::Rpm.check("1.0-"), Err(Fault::RevisionEmpty));
    assert_eq!(Scheme::Rpm.check("1:1.1.1k-12.el8_9"), Ok(()));
}

#[test]
fn apk_orders_like_apk_tools() {
    table(
        Scheme::Apk,
        &[
            ("1.2.3-r0", Less, "1.2.3-r10"),
            ("1.2.3", Less, "1.2.3-r0"),
            ("1.2_alpha", Less, "1.2_beta"),
            ("1.2_rc5", Less, "1.2"),
            ("1.2_p1", Greater, "1.2"),
            ("1.2_git20240101", Less, "1.2_p0"),
            ("1.2_alpha_pre2", Less, "1.2_alpha"),
            ("1.2a", Greater, "1.2"),
            ("1.2a", Less, "1.2.0"),
            ("1.2b", Greater, "1.2a"),
            ("8.2.0015", Less, "8.2.002"),
            ("8.2.0", Less, "8.2.001"),
            ("06", Equal, "6"),
            ("1.10", Greater, "1.9"),
            ("1.06", Less, "1.1"),
            ("1.0~12ab", Less, "1.0~12b"),
            ("1.0~12-r1", Greater, "1.0~12-r0"),
            ("20050718-r1", Greater, "9.1"),
            // Outside the grammar, and compared up to there.
            ("23_foo", Greater, "4_beta"),
            ("1.0", Less, "1.0bc"),
            ("1.0_foo", Less, "1.0"),
            ("1.0_foo", Greater, "1.0_rc1"),
            ("1.0-1", Equal, "1.0~"),
        ],
    );
    refused(Scheme::Apk, &[("", Fault::Empty)]);
    for (text, fault) in [
        ("a", Fault::NoDigitFirst),
        ("1.0bc", Fault::Syntax),
        ("1.0a1", Fault::Syntax),
        ("1.0_foo", Fault::Syntax),
        ("1.0_", Fault::Syntax),
        ("1.0-1", Fault::Syntax),
        ("1.0-r", Fault::Syntax),
        ("1.0-r1_p1", Fault::Syntax),
        ("1.0~", Fault::Syntax),
        ("1.0~xyz", Fault::Syntax),
        ("1.", Fault::Syntax),
    ] {
        assert_eq!(Scheme::Apk.check(text), Err(fault), "{text}");
    }
}

/// Against Maven, packaging, `RubyGems`, node and Composer themselves: `tests/authority`. These two have no program here.
#[test]
fn nuget_orders_like_nuget() {
    table(
        Scheme::Nuget,
        &[
            ("1.0", Equal, "1.0.0.0"),
            ("1.0.0", Less, "1.0.0.1"),
            ("01.1", Equal, "1.01"),
            ("1.0.0-beta", Less, "1.0.0"),
            ("1.0.0-Beta", Equal, "1.0.0-bETA"),
            ("1.0.0-beta.2", Less, "1.0.0-beta.11"),
            ("1.0.0-2", Less, "1.0.0-a"),
            ("1.0.0-a", Less, "1.0.0-a.0"),
            ("1.0.0+a", Equal, "1.0.0+b"),
            (" 1.0 ", Equal, "1"),
        ],
    );
    refused(
        Scheme::Nuget,
        &[
            ("", Fault::Empty),
            ("v1.0", Fault::NoDigitFirst),
            ("1.0.0.0.0", Fault::Syntax),
            ("1..0", Fault::Syntax),
            ("1.0-", Fault::Syntax),
            ("1.0+", Fault::Syntax),
            ("2147483648", Fault::Syntax),
        ],
    );
}

#[test]
fn go_orders_modules_and_toolchains() {
    table(
        Scheme::Go,
        &[
            ("v1.2.3", Equal, "1.2.3"),
            ("v2.0.0+incompatible", Equal, "2.0.0"),
            ("v0.0.0-20191109021931-daa7c04131f5", Less, "v0.0.0-20200109021931-daa7c04131f5"),
            ("v1.2.4-0.20191109021931-daa7c04131f5", Greater, "v1.2.3"),
            ("v1.2.4-0.20191109021931-daa7c04131f5", Less, "v1.2.4"),
            ("v1.2.4-rc1.0.20191109021931-daa7c04131f5", Greater, "v1.2.4-rc1"),
            ("v1.2", Equal, "v1.2.0"),
            ("go1.21.3", Less, "1.21.4"),
            ("go1.21rc2", Equal, "1.21.0-rc.2"),
            ("go1.20beta1", Less, "go1.20rc1"),
            ("go1.20", Equal, "1.20.0"),
            ("go1.22.1 X:boringcrypto", Equal, "1.22.1"),
        ],
    );
    refused(
        Scheme::Go,
        &[
            ("", Fault::Empty),
            ("(devel)", Fault::NoDigitFirst),
            ("v1.02.0", Fault::Syntax),
            ("1.2-rc1", Fault::Syntax),
            ("gorilla", Fault::NoDigitFirst),
        ],
    );
}

#[test]
fn schemes_are_known_by_name() {
    for scheme in Scheme::ALL {
        assert_eq!(scheme.name().parse(), Ok(*scheme));
    }
    assert!("debain".parse::<Scheme>().unwrap_err().to_string().contains("dpkg rpm apk"));
}

/// Short texts over an alphabet of what matters collide and nearly collide often.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[0-2a-c.~^+:_-]{0,6}",
        "[0-9]{1,2}(\\.[0-9]{1,3}){0,3}([._~^+-](alpha|beta|rc|p|r|git|dev|post|a)?[0-9]{0,3}){0,3}",
        "\\PC{0,8}",
    ]
}

fn laws(scheme: Scheme, a: &str, b: &str, c: &str) -> Result<(), TestCaseError> {
    if let Ok(order) = scheme.compare(a, a) {
        prop_assert_eq!(order, Equal);
    }
    let (Ok(ab), Ok(bc), Ok(ac)) = (scheme.compare(a, b), scheme.compare(b, c), scheme.compare(a, c)) else {
        return Ok(());
    };
    prop_assert_eq!(scheme.compare(b, a), Ok(ab.reverse()));
    if scheme == Scheme::Maven {
        return Ok(()); // Maven's own order has cycles; see `maven`
    }
    if ab == bc {
        prop_assert_eq!(ac, ab, "{}: {} {} {}", scheme, a, b, c);
    }
    if ab == Equal {
        prop_assert_eq!(ac, bc, "{}: {} {} {}", scheme, a, b, c);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn every_scheme_is_a_total_order(a in text(), b in text(), c in text()) {
        for scheme in Scheme::ALL {
            laws(*scheme, &a, &b, &c)?;
        }
    }

    #[test]
    fn whoever_passes_the_check_can_be_compared(a in text(), b in text()) {
        for scheme in Scheme::ALL {
            if scheme.check(&a).is_ok() && scheme.check(&b).is_ok() {
                prop_assert!(scheme.compare(&a, &b).is_ok(), "{}: {} {}", scheme, a, b);
            }
        }
    }
}
