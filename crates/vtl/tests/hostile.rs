//! Templates and bodies that try to exhaust the stack, the memory or the time.

use std::time::{Duration, Instant};

use vtl::{MAX_TEMPLATE_BYTES, Overrides, RenderError, Request, Template};

fn outcome(template: &str, body: &str) -> &'static str {
    let begun = Instant::now();
    let outcome = match Template::parse(template) {
        Err(_) => "refused",
        Ok(template) => match template.render(&Request::from_body(body)) {
            Ok(_) => "rendered",
            Err(_) => "failed",
        },
    };
    assert!(begun.elapsed() < Duration::from_secs(20), "took {:?}", begun.elapsed());
    outcome
}

#[test]
fn nesting_never_exhausts_the_stack() {
    let levels = 20_000;
    for (open, close) in [
        ("#if(true)", "#end"),
        ("#foreach($x in [1])", "#end"),
        ("#define($d)", "#end"),
        ("#macro(m)", "#end"),
        ("#@m()", "#end"),
    ] {
        assert_eq!(outcome(&(open.repeat(levels) + &close.repeat(levels)), ""), "refused", "{open}");
    }
    for (before, open, close, after) in [
        ("#set($x = ", "(", ")", ")"),
        ("#set($x = ", "[", "]", ")"),
        ("#set($x = ", "{1:", "}", ")"),
        ("#if(", "!", "", "true)#end"),
        ("", "$a.b(", ")", ""),
        ("", "$a[", "]", ""),
    ] {
        let template = format!("{before}{}1{}{after}", open.repeat(levels), close.repeat(levels));
        assert_eq!(outcome(&template, ""), "refused", "{open}");
    }
}

#[test]
fn long_flat_templates_are_no_nesting() {
    let sum = format!("#set($x = 1{})$x", " + 1".repeat(50_000));
    assert_eq!(Template::parse(&sum).unwrap().render(&Request::from_body("")).unwrap().body, "50001");
    let chain = format!("#if(false){}#end", "#elseif(false)".repeat(20_000));
    assert_eq!(outcome(&chain, ""), "rendered");
    let path = format!("$a{}", ".b".repeat(100_000));
    assert_eq!(outcome(&path, ""), "rendered");
    let references = "$a ".repeat(100_000);
    assert_eq!(outcome(&references, ""), "rendered");
}

#[test]
fn templates_over_the_limit_are_refused() {
    assert!(Template::parse(&"a".repeat(MAX_TEMPLATE_BYTES)).is_ok());
    let error = Template::parse(&"a".repeat(MAX_TEMPLATE_BYTES + 1)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "line 1, column 1: found a template of 307201 bytes, expected at most 307200 bytes"
    );
}

#[test]
fn deep_bodies_are_refused() {
    let body = "[".repeat(100_000) + &"]".repeat(100_000);
    assert_eq!(outcome("$input.json('$')", &body), "failed");
    assert_eq!(outcome("$input.body", &body), "rendered");
    let body = "{\"a\":".repeat(100) + "1" + &"}".repeat(100);
    assert_eq!(outcome("$input.json('$..a')", &body), "rendered");
}

#[test]
fn wide_bodies_are_read_in_linear_time() {
    let members: Vec<String> = (0..100_000).map(|at| format!("\"k{at}\":{at}")).collect();
    let body = format!("{{{}}}", members.join(","));
    assert_eq!(outcome("$input.json('$.k99999')$input.path('$').k50000", &body), "rendered");
}

#[test]
fn large_bodies_pass_within_the_output_limit() {
    let body = "é&\n".repeat(65_536);
    let template = Template::parse("$util.urlEncode($input.body)").unwrap();
    assert_eq!(template.render(&Request::from_body(&body)).unwrap().body.len(), 65_536 * 12);
    let body = "&".repeat(4 * 1024 * 1024);
    let error = template.render(&Request::from_body(&body)).unwrap_err();
    assert!(matches!(error, RenderError::LimitExceeded { .. }), "{error}");
}

#[test]
fn templates_are_shared_between_threads() {
    let template = Template::parse("#set($s = $input.body)$s.replaceAll('[a-c]+', '<$0>')").unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..50 {
                    let rendered = template.render(&Request::from_body("xabcy")).unwrap();
                    assert_eq!(rendered.body, "x<abc>y");
                    assert_eq!(rendered.overrides, Overrides::default());
                }
            });
        }
    });
}

#[test]
fn errors_say_where_and_what_to_do() {
    let parse = |template| Template::parse(template).unwrap_err().to_string();
    assert_eq!(
        parse("a\n  #if($x == null)b#end"),
        "line 2, column 13: found \"null\", expected a string, number, list, map, boolean, reference or \"(\"; there is no null literal"
    );
    assert_eq!(
        parse("#if(true)a"),
        "line 1, column 11: found the end of the template, expected #end, #else or #elseif for #if"
    );
    let render = |template: &str| {
        Template::parse(template).unwrap().render(&Request::from_body("")).unwrap_err().to_string()
    };
    assert_eq!(
        render("#set($context.responseOverride.status = 400)#set($context.responseOverride.status = 401)"),
        "$context.responseOverride.status is set a second time; an override can be set once, so set a variable and the override at the end"
    );
    assert_eq!(
        render("\n #set($s = \"abc\")$s.substring(9)"),
        "line 2, column 18: substring: begin 9, end 3, length 3"
    );
}
