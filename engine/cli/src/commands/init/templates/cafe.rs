//! The café of the repository as a template: the very files that are tested there.

use super::File;

macro_rules! flows {
    ($($path:literal),+ $(,)?) => {
        &[$((
            concat!("flows/", $path),
            include_str!(concat!("../../../../../../flows/cafe/", $path)),
        )),+]
    };
}

macro_rules! scripts {
    ($($path:literal),+ $(,)?) => {
        &[$((
            concat!("tests/calls/", $path),
            include_str!(concat!("../../../../../../tests/cafe/", $path)),
        )),+]
    };
}

pub(super) const README: &[File] =
    &[("README.md", include_str!("../../../../templates/cafe/README.md"))];

pub(super) const FLOWS: &[File] = flows![
    "again.flow.yaml",
    "cancel.flow.yaml",
    "counter.flow.yaml",
    "data/calendars.yaml",
    "data/collections/counters.schema.yaml",
    "data/collections/members.schema.yaml",
    "data/collections/menu.schema.yaml",
    "data/collections/menu.yaml",
    "data/collections/orders.schema.yaml",
    "data/queues.yaml",
    "dialgraph.yaml",
    "leave.flow.yaml",
    "member.flow.yaml",
    "order.flow.yaml",
    "pay.flow.yaml",
    "points.flow.yaml",
    "staff.flow.yaml",
];

pub(super) const SCRIPTS: &[File] = scripts![
    "a_guest_orders_in_words_without_points.call.yaml",
    "a_number_that_is_none_is_asked_for_again.call.yaml",
    "a_payment_that_nobody_knows_of_is_for_staff.call.yaml",
    "a_telephone_order_is_cancelled_from_the_number_that_ordered.call.yaml",
    "a_telephone_order_is_paid_at_the_counter.call.yaml",
    "a_visitor_changes_to_english_in_the_chat.call.yaml",
    "an_answer_that_was_lost_is_asked_for_again.call.yaml",
    "an_order_is_cancelled_before_it_is_made.call.yaml",
    "an_order_is_paid_and_a_new_member_earns_points.call.yaml",
    "an_order_of_somebody_else_cannot_be_cancelled.call.yaml",
    "closed_at_night.call.yaml",
    "given_up_at_kakaopay_nothing_is_ordered.call.yaml",
    "kakaopay_is_down.call.yaml",
    "nobody_pays_in_ten_minutes.call.yaml",
    "points_are_told_to_whom_they_belong.call.yaml",
    "points_of_somebody_else_are_not_spent.call.yaml",
    "points_of_somebody_else_are_not_told.call.yaml",
    "points_of_the_number_of_the_call_are_told.call.yaml",
    "points_pay_for_all_of_it.call.yaml",
    "points_pay_for_part_of_it_once_the_rest_is_paid.call.yaml",
    "points_that_are_still_kept_are_freed_when_the_order_is_cancelled.call.yaml",
    "snapshots/a_guest_orders_in_words_without_points.snap",
    "snapshots/a_number_that_is_none_is_asked_for_again.snap",
    "snapshots/a_payment_that_nobody_knows_of_is_for_staff.snap",
    "snapshots/a_telephone_order_is_cancelled_from_the_number_that_ordered.snap",
    "snapshots/a_telephone_order_is_paid_at_the_counter.snap",
    "snapshots/a_visitor_changes_to_english_in_the_chat.snap",
    "snapshots/an_answer_that_was_lost_is_asked_for_again.snap",
    "snapshots/an_order_is_cancelled_before_it_is_made.snap",
    "snapshots/an_order_is_paid_and_a_new_member_earns_points.snap",
    "snapshots/an_order_of_somebody_else_cannot_be_cancelled.snap",
    "snapshots/closed_at_night.snap",
    "snapshots/given_up_at_kakaopay_nothing_is_ordered.snap",
    "snapshots/kakaopay_is_down.snap",
    "snapshots/nobody_pays_in_ten_minutes.snap",
    "snapshots/points_are_told_to_whom_they_belong.snap",
    "snapshots/points_of_somebody_else_are_not_spent.snap",
    "snapshots/points_of_somebody_else_are_not_told.snap",
    "snapshots/points_of_the_number_of_the_call_are_told.snap",
    "snapshots/points_pay_for_all_of_it.snap",
    "snapshots/points_pay_for_part_of_it_once_the_rest_is_paid.snap",
    "snapshots/points_that_are_still_kept_are_freed_when_the_order_is_cancelled.snap",
    "snapshots/sold_out_and_far_too_many.snap",
    "snapshots/staff_are_asked_for.snap",
    "snapshots/the_store_is_down.snap",
    "snapshots/what_is_being_made_cannot_be_cancelled.snap",
    "snapshots/whoever_stops_or_stays_away_has_ordered_nothing.snap",
    "sold_out_and_far_too_many.call.yaml",
    "staff_are_asked_for.call.yaml",
    "the_store_is_down.call.yaml",
    "what_is_being_made_cannot_be_cancelled.call.yaml",
    "whoever_stops_or_stays_away_has_ordered_nothing.call.yaml",
];
