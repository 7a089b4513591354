//! What an action is done to: `예약 시간 바꾸고 싶어요` wishes to change, and `인원 수를 바꿀게요`
//! is about 인원.

use super::{Found, Offers};
use crate::negation::Mention;
use crate::topics::{self, Topic};
use crate::words::Utterance;

/// What an action is done to is not asked for by itself: `예약 시간 바꾸고 싶어요`,
/// `cancel my booking`.
pub(super) fn drop_objects(text: &Utterance, offers: &Offers, standing: &mut Vec<Mention<Found>>) {
    /// So many mentions away an action still has its object.
    const NEAR: usize = 3;
    let flat = text.flat();
    let acts = |choice: &str| {
        offers.phrases.iter().any(|(phrase, of)| {
            of == choice && matches!(phrase.topic, Some(Topic::Cancel | Topic::Change))
        })
    };
    let booked = |choice: &str| {
        offers.phrases.iter().any(|(phrase, of)| of == choice && phrase.topic == Some(Topic::Book))
    };
    let within = |said: &str, choice: &str| {
        offers.phrases.iter().any(|(phrase, of)| {
            of == choice && phrase.flat != said && phrase.flat.starts_with(said) && said.len() > 3
        })
    };
    let dropped: Vec<bool> = standing
        .iter()
        .enumerate()
        .map(|(at, object)| {
            if object.value.key {
                return false;
            }
            let said = &flat[object.from..object.to];
            let tail = &flat[object.to..];
            let exists = offers.phrases.iter().any(|(_, choice)| acts(choice))
                && booked(&object.value.choice)
                && !acts(&object.value.choice)
                && ["건때문", "한거때문", "한것때문", "건으로", "한거있", "했던거"]
                    .iter()
                    .any(|word| tail.starts_with(word));
            if exists {
                return true;
            }
            let own = [
                "하려",
                "할",
                "하고싶",
                "해주",
                "해줘",
                "해야",
                "이요",
                "요",
                "하고",
                "이랑",
                "도",
                "하는거예요",
                "하는겁니다",
                "하는거요",
                "하러",
            ]
            .iter()
            .any(|own| tail.starts_with(own));
            let clause_after = |to: usize| {
                topics::ends_clause(text, object.to, to) || text.pause_between(object.to, to)
            };
            let near = at.saturating_sub(NEAR)..(at + NEAR + 1).min(standing.len());
            standing.iter().enumerate().take(near.end).skip(near.start).any(|(other, action)| {
                if other == at || action.value.choice == object.value.choice || action.value.key {
                    return false;
                }
                // `변경은 아니고요 새로 예약하는 거예요`: what is not done has no object.
                let denied =
                    flat[action.to..].trim_start_matches(['은', '는', '이', '가', '을', '를']);
                if ["아니고", "아니라", "아니에요", "말고"].iter().any(|no| denied.starts_with(no))
                {
                    return false;
                }
                // `예약이 있는데요 사정이 생겨서 취소를 …`: what there is, and what is to be done
                // with it.
                let there = tail.trim_start_matches(['이', '가', '을', '를', '은', '는']);
                let is_there = [
                    "있는데",
                    "있었는데",
                    "있거든",
                    "있어서",
                    "잡혀있",
                    "돼있",
                    "되어있",
                    "해놨",
                    "해놓",
                    "해뒀",
                    "했었는데",
                ]
                .iter()
                .any(|there_is| there.starts_with(there_is));
                if is_there
                    && acts(&action.value.choice)
                    && booked(&object.value.choice)
                    && object.to <= action.from
                {
                    return true;
                }
                // `Is my prescription ready`: what is asked about.
                if object.value.topic == Some(Topic::Refill) && action.value.topic.is_none() {
                    return true;
                }
                // `결제 서버가 다운됐어요`: what has failed, by its name.
                let names = action.value.topic == Some(Topic::Fails)
                    && object.to == action.from
                    && !text.pause_between(object.to, action.from);
                if names {
                    return true;
                }
                let verb = acts(&action.value.choice) && booked(&object.value.choice);
                let english = said.is_ascii()
                    && verb
                    && action.to <= object.from
                    && text.word_at(object.from) <= text.word_at(action.to - 1) + 4
                    && !text.pause_between(action.to, object.from);
                let korean = !said.is_ascii()
                    && !own
                    && (verb || within(said, &action.value.choice))
                    && (action.from < object.from
                        || !clause_after(action.from)
                        || tail.starts_with(['한', '했']));
                english || korean
            })
        })
        .collect();
    let mut dropped = dropped.into_iter();
    standing.retain(|_| !dropped.next().unwrap_or_default());
    // `인원 수를 바꿀게요` where `예약 변경` is offered: another thing is changed.
    let changed: Vec<bool> = standing
        .iter()
        .enumerate()
        .map(|(at, action)| {
            let narrow = action.value.topic == Some(Topic::Change)
                && offers.phrases.iter().all(|(phrase, of)| {
                    of != &action.value.choice
                        || phrase.topic != Some(Topic::Change)
                        || phrase.words.len() > 1
                });
            narrow
                && at.checked_sub(1).map(|before| &standing[before]).is_some_and(|object| {
                    object.value.choice != action.value.choice
                        && !object.value.key
                        && object.value.topic.is_none()
                        && !booked(&object.value.choice)
                        && flat.get(object.to..action.from).is_some_and(|gap| {
                            gap.len() < 16
                                && !["도", "이랑", "하고", "and", "or"]
                                    .iter()
                                    .any(|join| gap.starts_with(join) || gap.ends_with(join))
                        })
                        && !text.pause_between(object.to, action.from)
                })
        })
        .collect();
    let mut changed = changed.into_iter();
    standing.retain(|_| !changed.next().unwrap_or_default());
}
