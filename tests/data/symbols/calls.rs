// SPDX-License-Identifier: Apache-2.0
// calls.rs - generics, closures and what the standard library inlines, in Rust.

use std::collections::HashMap;

#[inline(never)]
fn names(n: usize) -> Vec<String> {
    (0..n).map(|i| format!("name {}", i)).collect()
}

trait Weigh {
    fn weight(&self) -> usize;
}

impl Weigh for String {
    #[inline(never)]
    fn weight(&self) -> usize {
        self.clone().into_boxed_str().len()
    }
}

fn main() {
    let mut index: HashMap<String, usize> = HashMap::new();
    for name in names(10) {
        let weight = name.weight();
        *index.entry(name).or_default() += weight;
    }
    println!("{}", index.len());
}
