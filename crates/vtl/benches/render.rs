//! Prints nanoseconds per rendering: `cargo bench -p vtl`.
#![allow(clippy::print_stdout, reason = "a benchmark reports on its standard output")]

use std::hint::black_box;
use std::time::Instant;

use vtl::{ParseError, Request, Template};

fn measure(name: &str, template: &str, body: &str) -> Result<(), ParseError> {
    let template = Template::parse(template)?;
    let request = Request::from_body(body);
    let rounds = 20_000_u32;
    for _ in 0..rounds / 10 {
        let _ = black_box(template.render(black_box(&request)));
    }
    let begun = Instant::now();
    for _ in 0..rounds {
        let _ = black_box(template.render(black_box(&request)));
    }
    let each = begun.elapsed() / rounds;
    println!("{name:<28} {:>9} ns", each.as_nanos());
    Ok(())
}

fn main() -> Result<(), ParseError> {
    let items: Vec<String> = (0..115)
        .map(|at| {
            format!(
                r#"{{"id":{{"S":"turkey-{at}"}},"breed":{{"S":"Narragansett"}},"weight":{{"N":"{at}.5"}},"farm":{{"S":"Hill \"{at}\""}}}}"#
            )
        })
        .collect();
    let dynamodb = format!(r#"{{"Count":115,"Items":[{}]}}"#, items.join(","));
    measure(
        "115 DynamoDB items",
        r#"[
#foreach($item in $input.path('$.Items'))
  {"id":"$item.id.S","breed":"$item.breed.S","weight":$item.weight.N,"farm":"$util.escapeJavaScript($item.farm.S).replaceAll("\\'","'")"}#if($foreach.hasNext),#end

#end
]"#,
        &dynamodb,
    )?;
    let publish = "Action=Publish&TopicArn=$util.urlEncode('arn:aws:sns:us-east-1:000000000000:t')&Message=$util.urlEncode($input.body)";
    measure("publish 100 B", publish, &"0123456789".repeat(10))?;
    measure("publish 10 KiB", publish, &"0123456789&=+% é".repeat(600))?;
    measure(
        "publish answer",
        r#"{"messageId":$input.json('$.PublishResponse.PublishResult.MessageId')}"#,
        r#"{"PublishResponse":{"PublishResult":{"MessageId":"1b2c","SequenceNumber":null},"ResponseMetadata":{"RequestId":"r"}}}"#,
    )
}
