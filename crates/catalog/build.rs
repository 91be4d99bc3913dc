//! Makes cargo look at the folder of templates: a file that is added there is a new variant, though no source names it.

fn main() {
    println!("cargo::rerun-if-changed=../../templates");
}
