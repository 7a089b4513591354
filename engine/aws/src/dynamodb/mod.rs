//! TODO-dynamodb
