//! TODO-lex
