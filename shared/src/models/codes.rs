//! Codes that clients go by: one table each of what they are called and what they mean.

/// Declares codes. A code's doc comment is what the API's document says of it.
macro_rules! codes {
    ($(#[$meta:meta])* pub enum $Name:ident {
        $(#[doc = $meaning:literal] $Code:ident = $text:literal,)*
    }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $Name {
            $(#[doc = $meaning] $Code,)*
        }

        impl $Name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$Code,)*];

            /// As answers have it: stable, `SCREAMING_SNAKE`.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$Code => $text,)*
                }
            }

            /// What it means, in a sentence.
            pub const fn meaning(self) -> &'static str {
                match self {
                    $(Self::$Code => $meaning.trim_ascii(),)*
                }
            }
        }

        impl serde::Serialize for $Name {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.serialize_str(self.as_str())
            }
        }
    };
}
pub(crate) use codes;
