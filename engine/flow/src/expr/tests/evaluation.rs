//! Expressions give the values that the language promises, null stands for nothing but null, and a
//! fault names the source but never a value.

use super::*;

#[test]
fn variables_and_members_have_the_values_of_the_scope() {
    assert_eq!(eval("company"), json!("한빛"));
    assert_eq!(eval("call.from"), json!("+82-10-0000-0101"));
    assert_eq!(eval("customer.name"), json!("가온"));
    assert_eq!(eval("customer[\"name\"]"), json!("가온"));
    assert_eq!(eval("queues[1]"), json!("billing"));
}

#[test]
fn conditions_compare_and_combine() {
    assert_eq!(eval("customer_class == \"msp\""), json!(true));
    assert_eq!(eval("customer_class != 'msp'"), json!(false));
    assert_eq!(eval("tries >= 2 && open"), json!(true));
    assert_eq!(eval("tries > 2 || !open"), json!(false));
    assert_eq!(eval("open ? 'a' : 'b'"), json!("a"));
    assert_eq!(eval("'billing' in queues"), json!(true));
    assert_eq!(eval("'name' in customer"), json!(true));
    assert_eq!(eval("'가' < '나'"), json!(true));
}

#[test]
fn there_is_one_kind_of_number() {
    assert_eq!(eval("1 + 1.5"), json!(2.5));
    assert_eq!(eval("1.5 + 1.5"), json!(3));
    assert_eq!(eval("7 / 2"), json!(3.5));
    assert_eq!(eval("6 / 2"), json!(3));
    assert_eq!(eval("7 % 2"), json!(1));
    assert_eq!(eval("customer.seats == 3"), json!(true));
    assert_eq!(eval("customer.seats + tries"), json!(5));
    assert_eq!(eval("balance > 1500"), json!(true));
    assert_eq!(eval("3 in [1.0, 3.0]"), json!(true));
    assert_eq!(eval("-tries"), json!(-2));
    assert_eq!(eval("round(balance)"), json!(1501));
    assert_eq!(eval("int('42') + int(3.9)"), json!(45));
    assert_eq!(eval("double('2.50')"), json!(2.5));
    assert_eq!(eval("string(3.0)"), json!("3"));
}

#[test]
fn null_equals_only_null() {
    let nothing = Fixture { variables: json!({"tries": null}), locale: "ko-KR" };
    for (source, expected) in [
        ("tries == null", true),
        ("company == null", true),
        ("company != 'msp'", true),
        ("tries == 0", false),
        ("null == null", true),
    ] {
        let (expr, _) = Expr::compile(source, &types()).unwrap();
        assert_eq!(expr.eval(&nothing), Ok(json!(expected)), "{source}");
    }
}

#[test]
fn other_uses_of_null_say_what_is_not_set_and_what_to_do() {
    assert_eq!(
        unset("tries < 3"),
        "`tries` is not set (null), `<` needs two numbers or two strings; \
         `default(tries, …)` gives a value for that case"
    );
    assert_eq!(
        unset("customer.name == 'a'"),
        "`customer` is not set (null), so it has no member `name`; \
         `default(customer.name, …)` gives a value for that case"
    );
    assert_eq!(
        unset("call.now.size()"),
        "`call` is not set (null), so it has no member `now`; \
         `default(call.now, …)` gives a value for that case"
    );
    assert!(unset("tries + 1").starts_with("`tries` is not set (null)"));
    assert!(unset("1 + tries").starts_with("`tries` is not set (null)"));
    assert!(unset("upper(company)").contains("`upper` needs a string"));
    assert!(unset("open && open").contains("`&&` needs a boolean"));
}

#[test]
fn a_member_that_is_not_there_is_null() {
    assert_eq!(eval("customer.phone"), json!(null));
    assert_eq!(eval("customer.phone == null"), json!(true));
    assert_eq!(eval("customer['phone']"), json!(null));
    assert_eq!(eval("has(customer.phone)"), json!(false));
    assert_eq!(eval("has(customer.plan)"), json!(false));
    assert_eq!(eval("has(customer.name)"), json!(true));
}

#[test]
fn default_stands_in_for_whatever_is_missing_on_the_way() {
    assert_eq!(eval("default(customer.phone, 'none')"), json!("none"));
    assert_eq!(eval("default(output.error.code, 'none')"), json!("none"));
    assert_eq!(eval("default(customer.name, 'none')"), json!("가온"));
    assert_eq!(eval("default(tries, 0) + 1"), json!(3));
    assert_eq!(eval("has(output.error.code)"), json!(false));
    assert_eq!(eval("default(tries, 1 / (tries - 2))"), json!(2));
}

#[test]
fn a_side_that_decides_alone_outweighs_a_fault_of_the_other() {
    assert_eq!(eval("output.error.code == 'x' || open"), json!(true));
    assert_eq!(eval("output.error.code == 'x' && !open"), json!(false));
    assert!(try_eval("output.error.code == 'x' && open").is_err());
}

#[test]
fn texts_can_be_searched_cut_and_joined() {
    assert_eq!(eval("heard.contains('긴급')"), json!(true));
    assert_eq!(eval("contains(heard, '요금')"), json!(false));
    assert_eq!(eval("account_id.startsWith('110')"), json!(true));
    assert_eq!(eval("account_id.endsWith('203')"), json!(true));
    assert_eq!(eval("account_id.matches(r'^\\d{6}$')"), json!(true));
    assert_eq!(eval("size('한빛')"), json!(2));
    assert_eq!(eval("queues.size()"), json!(2));
    assert_eq!(eval("'  Hello '.trim().lower()"), json!("hello"));
    assert_eq!(eval("upper('aws')"), json!("AWS"));
    assert_eq!(eval("'한빛클라우드'.substring(0, 2)"), json!("한빛"));
    assert_eq!(eval("'abc'.substring(2, 99)"), json!("c"));
    assert_eq!(eval("join(queues, ' / ')"), json!("general / billing"));
    assert_eq!(eval("company + ' ' + string(tries)"), json!("한빛 2"));
    assert_eq!(eval("[1, 2] + [3]"), json!([1, 2, 3]));
    assert_eq!(eval("{'a': tries, 'b': [open]}"), json!({"a": 2, "b": [true]}));
}

#[test]
fn words_follow_the_locale_of_the_call() {
    let english = Fixture { locale: "en-US", ..fixture() };
    for (source, korean, spoken) in [
        ("digits(account_id)", "일 일 공 이 공 삼", "one one zero two zero three"),
        (
            "spoken_datetime(call.now, 'Asia/Seoul')",
            "11월 20일 금요일 오전 9시 30분",
            "Friday, November 20 at 9:30 AM",
        ),
        ("spoken_date(output.next_open, 'Asia/Seoul')", "11월 23일 월요일", "Monday, November 23"),
        ("spoken_time(output.next_open, 'Asia/Seoul')", "오전 9시", "9 AM"),
    ] {
        let (expr, _) = Expr::compile(source, &types()).unwrap();
        assert_eq!(expr.eval(&fixture()), Ok(json!(korean)), "{source}");
        assert_eq!(expr.eval(&english), Ok(json!(spoken)), "{source}");
    }
    assert_eq!(eval("josa(company, '은/는')"), json!("한빛은"));
    assert_eq!(eval("tries.josa('이/가')"), json!("2가"));
}

#[test]
fn a_fault_names_the_source_and_never_a_value() {
    let error = try_eval("spoken_date(account_id, 'Asia/Seoul')").unwrap_err();
    assert_eq!(
        error.to_string(),
        "`spoken_date(account_id, 'Asia/Seoul')`: \
         not an RFC 3339 time such as 2026-11-20T09:30:00+09:00"
    );
    for source in ["int(company)", "heard + 1", "queues[tries]", "tries / (tries - 2)"] {
        let text = try_eval(source).unwrap_err().to_string();
        assert!(!text.contains("한빛") && !text.contains("긴급"), "{text}");
    }
    assert_eq!(
        try_eval("queues[tries]").unwrap_err().reason,
        "`queues` has 2 items and none at index `tries`; the first index is 0"
    );
    assert_eq!(
        try_eval("tries / (tries - 2)").unwrap_err().reason,
        "`tries / (tries - 2` divides by zero"
    );
}

#[test]
fn a_zone_that_only_the_call_knows_is_checked_in_the_call() {
    let reason = try_eval("spoken_time(call.now, company)").unwrap_err().reason;
    assert!(reason.contains("not a time zone"), "{reason}");
}

#[test]
fn a_value_of_the_wrong_type_for_its_place_is_refused_in_the_call() {
    let expr = Expr::compile_as("heard", &types(), Type::Number).unwrap();
    assert_eq!(
        expr.eval(&fixture()).unwrap_err().reason,
        "this must be a number, and it is a string"
    );
    let expr = Expr::compile_as("customer.plan", &types(), Type::Number).unwrap();
    assert_eq!(expr.eval(&fixture()), Ok(json!(null)));
    let (expr, _) = Expr::compile("heard", &types()).unwrap();
    assert!(expr.holds(&fixture()).is_err());
    let (expr, _) = Expr::compile("open", &types()).unwrap();
    assert_eq!(expr.holds(&fixture()), Ok(true));
}

#[test]
fn what_needs_no_call_is_computed_at_load() {
    let constant = |source: &str| {
        let (expr, _) = Expr::compile(source, &types()).unwrap();
        expr.constant().cloned()
    };
    assert_eq!(constant("60 * 60"), Some(json!(3600)));
    assert_eq!(constant("\"billing\""), Some(json!("billing")));
    assert_eq!(constant("josa('서울', '으로/로')"), Some(json!("서울로")));
    assert_eq!(constant("tries"), None);
    assert_eq!(constant("digits('1')"), None);
    assert_eq!(Expr::literal(json!([1])).constant(), Some(&json!([1])));
    assert_eq!(Expr::literal(json!({"a": 1})).eval(&fixture()), Ok(json!({"a": 1})));
}

#[test]
fn an_expression_knows_which_variables_it_reads() {
    let (expr, _) =
        Expr::compile("tries > 1 && call.from != company || tries == 0", &types()).unwrap();
    let roots: Vec<&str> = expr.roots().iter().map(|root| &**root).collect();
    assert_eq!(roots, ["tries", "call", "company"]);
}

#[test]
fn numbers_too_great_are_faults_not_nonsense() {
    for source in [
        "9223372036854775807 + tries",
        "-9223372036854775807 - tries",
        "9223372036854775807 * tries",
        "1e308 * 10.0 * tries",
    ] {
        match Expr::compile(source, &types()) {
            Ok((expr, _)) => assert!(expr.eval(&fixture()).is_err(), "{source}"),
            Err(found) => assert_eq!(found[0].problem, ExprProblem::AlwaysFails, "{source}"),
        }
    }
}

#[test]
fn expressions_can_be_shared_between_threads() {
    fn shared<T: Send + Sync + Clone>() {}
    shared::<Expr>();
    shared::<crate::template::Prompt>();
}
