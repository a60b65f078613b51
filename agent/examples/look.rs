//! Looks at this machine once and prints each section as JSON, with what it cost, to standard output.
//! `look SECTION` prints that section only.

fn main() {
    let wanted = std::env::args().nth(1);
    let facts = mainstay_agent::collect_all(&mainstay_agent::Host::live());
    let (mut cpu_us, mut wall_us) = (0, 0);
    for looked in facts.looks() {
        (cpu_us, wall_us) = (cpu_us + looked.took.cpu_us, wall_us + looked.took.wall_us);
        if wanted.as_deref().is_none_or(|wanted| wanted == looked.section.word()) {
            println!("{} {}", looked.section, looked.content);
        }
        eprintln!("{:>9} us cpu {:>9} us wall {}", looked.took.cpu_us, looked.took.wall_us, looked.section);
    }
    eprintln!("{cpu_us:>9} us cpu {wall_us:>9} us wall together");
}
