use super::Position;

pub(crate) type Block = Vec<Node>;

#[derive(Debug)]
pub(crate) enum Node {
    Text(Box<str>),
    Reference(Reference),
    Set(Set),
    If(If),
    Foreach(Foreach),
    Define { variable: u32, block: Block },
    Call(Call),
    Break,
    Stop,
}

/// `$name`, `$!{name}`, `$name.property.method(argument)[index]`.
#[derive(Debug)]
pub(crate) struct Reference {
    pub(crate) variable: u32,
    pub(crate) steps: Vec<Step>,
    /// Whether an undefined reference prints as nothing.
    pub(crate) quiet: bool,
    /// How many backslashes stand before it in text.
    pub(crate) escapes: usize,
    /// As it stands in the template, from the dollar sign on.
    pub(crate) source: Box<str>,
    pub(crate) position: Position,
}

#[derive(Debug)]
pub(crate) enum Step {
    Property(Box<str>),
    Method { name: Box<str>, arguments: Vec<Expression> },
    Index(Expression),
}

/// `#set($target = value)`.
#[derive(Debug)]
pub(crate) struct Set {
    pub(crate) target: Reference,
    pub(crate) value: Expression,
}

/// `#if(condition) … #elseif(condition) … #else … #end`.
#[derive(Debug)]
pub(crate) struct If {
    pub(crate) branches: Vec<(Expression, Block)>,
    pub(crate) otherwise: Block,
}

/// `#foreach($variable in items) … #end`.
#[derive(Debug)]
pub(crate) struct Foreach {
    pub(crate) variable: u32,
    pub(crate) items: Expression,
    pub(crate) block: Block,
}

/// `#macro(name $parameter …) … #end`.
#[derive(Debug)]
pub(crate) struct Macro {
    pub(crate) parameters: Vec<u32>,
    pub(crate) block: Block,
}

/// `#name(argument …)` or `#@name(argument …) … #end`.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) name: Box<str>,
    pub(crate) arguments: Vec<Expression>,
    pub(crate) body: Option<Block>,
    /// As it stands in the template: what is printed if there is no such macro.
    pub(crate) source: Box<str>,
}

#[derive(Debug)]
pub(crate) enum Expression {
    Text(Box<str>),
    Interpolated(Block),
    Int(i64),
    BigInt(Box<str>),
    Double(f64),
    Bool(bool),
    Reference(Reference),
    List(Vec<Expression>),
    Map(Vec<(Expression, Expression)>),
    Range(Box<(Expression, Expression)>),
    Not(Box<Expression>),
    And(Vec<Expression>),
    Or(Vec<Expression>),
    /// Comparisons of equal precedence, from left to right.
    Compare(Box<Expression>, Vec<(Comparison, Expression)>),
    /// Operators of equal precedence, from left to right.
    Arithmetic(Box<Expression>, Vec<(Operator, Expression)>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}
