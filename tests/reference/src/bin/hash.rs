//! `hash TIMES`: hashes a password so many times with the product's parameters, and nothing else.
//! It begins when a line comes, says so when it is done, and stays until it is ended, so that it
//! can be measured.

use argon2::{Algorithm, Argon2, Params, Version};
use std::{
    error::Error,
    io::{Write as _, stdin, stdout},
};

fn main() -> Result<(), Box<dyn Error>> {
    let times: usize = std::env::args().nth(1).ok_or("hash TIMES")?.parse()?;
    let params = Params::new(19 * 1024, 2, 1, None)?;
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    stdin().read_line(&mut String::new())?;
    let mut hash = [0; 32];
    for _ in 0..times {
        argon2.hash_password_into(b"correct horse battery", b"sixteen bytes  .", &mut hash)?;
    }
    writeln!(stdout(), "done")?;
    stdin().read_line(&mut String::new())?;
    Ok(())
}
