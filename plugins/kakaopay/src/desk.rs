//! What is done with a payment, and in which order it is written down and asked for.

use dialgraph_plugin::records::{Expectation, Source};
use dialgraph_plugin::{Host, HostError, NodeError};

use crate::answer::{Refusal, Stands, Told};
use crate::api::Api;
use crate::given::Input;
use crate::payment::{Payment, State};
use crate::{Became, Config};

/// After so long a caller's links are of no use any more; KakaoPay lets them pay for 15 minutes.
const LINKS_LAST: u64 = 10 * 60 * 1_000;
/// So often another call may write the record between reading and writing.
const ATTEMPTS: u32 = 3;

/// The payment of one order.
pub(crate) struct Desk<'a> {
    host: &'a Host,
    config: &'a Config,
    order: &'a str,
    api: Api<'a>,
}

/// What came of it.
pub(crate) struct Settled {
    pub became: Became,
    pub done: bool,
    pub repeated: bool,
    pub payment: Option<Payment>,
    pub reason: Option<String>,
}

/// The record as it was read.
struct Known {
    payment: Payment,
    version: u64,
}

impl<'a> Desk<'a> {
    pub(crate) fn new(
        host: &'a Host,
        config: &'a Config,
        order: &'a str,
    ) -> Result<Self, NodeError> {
        Ok(Self { host, config, order, api: Api::new(host, config)? })
    }

    pub(crate) fn ready(&self, input: &Input) -> Result<Settled, NodeError> {
        let (wanted, ways) = (input.payment(self.order)?, input.ways()?);
        for _ in 0..ATTEMPTS {
            let known = self.known()?;
            if let Some(known) = &known {
                let payment = &known.payment;
                match payment.state {
                    State::Approved | State::Differs => {
                        return Ok(Settled::new(became(payment.state), false, Some(payment)));
                    }
                    State::Approving | State::Cancelling => return Err(unsettled()),
                    State::Ready
                        if payment.asks_the_same(&wanted)
                            && self.host.now() < payment.ready_at.saturating_add(LINKS_LAST) =>
                    {
                        return Ok(Settled::new(Became::Ready, true, Some(payment)).again());
                    }
                    State::Ready | State::Cancelled | State::Failed => {}
                }
            }
            let begun = match self.api.ready(&wanted, &ways)? {
                Ok(begun) => begun,
                Err(refusal) => return Ok(Settled::refused(refusal, None)),
            };
            let payment = Payment {
                state: State::Ready,
                tid: begun.tid,
                link: begun.next_redirect_mobile_url,
                link_app: begun.next_redirect_app_url,
                link_pc: begun.next_redirect_pc_url,
                ready_at: self.host.now(),
                ..wanted.clone()
            };
            if self.write(known.map_or(0, |known| known.version), &payment)?.is_some() {
                return Ok(Settled::new(Became::Ready, true, Some(&payment)));
            }
        }
        Err(contended())
    }

    pub(crate) fn approve(&self, pg_token: &str) -> Result<Settled, NodeError> {
        for _ in 0..ATTEMPTS {
            let Some(mut known) = self.known()? else { return Ok(Settled::unknown()) };
            match known.payment.state {
                State::Approved => {
                    return Ok(Settled::new(Became::Approved, true, Some(&known.payment)).again());
                }
                State::Differs | State::Cancelled | State::Failed => {
                    let state = known.payment.state;
                    return Ok(Settled::new(became(state), false, Some(&known.payment)));
                }
                State::Cancelling => return Err(unsettled()),
                State::Approving => {
                    // Somebody asked KakaoPay and never heard, or is asking now.
                    let told = self.ask(&known.payment)?;
                    if told.stands() != Stands::Open {
                        if let Some(settled) = self.settle(&mut known, &told)? {
                            return Ok(settled);
                        }
                        continue;
                    }
                }
                State::Ready => {
                    known.payment.state = State::Approving;
                    match self.write(known.version, &known.payment)? {
                        Some(version) => known.version = version,
                        None => continue,
                    }
                }
            }
            let told = match self.api.approve(&known.payment, pg_token)? {
                Ok(told) => told,
                // Approved already, or a wrong token, or too late: KakaoPay knows which.
                Err(refusal) => {
                    let told = self.ask(&known.payment)?;
                    match told.stands() {
                        Stands::Open => {
                            known.payment.state = State::Ready;
                            self.write(known.version, &known.payment)?;
                            return Ok(Settled::refused(refusal, Some(&known.payment)));
                        }
                        Stands::Paid | Stands::GivenBack | Stands::Over => told,
                    }
                }
            };
            if let Some(settled) = self.settle(&mut known, &told)? {
                return Ok(settled);
            }
        }
        Err(contended())
    }

    pub(crate) fn cancel(&self) -> Result<Settled, NodeError> {
        for _ in 0..ATTEMPTS {
            let Some(mut known) = self.known()? else { return Ok(Settled::unknown()) };
            match known.payment.state {
                State::Cancelled => {
                    return Ok(Settled::new(Became::Cancelled, true, Some(&known.payment)).again());
                }
                // Nothing has been taken, and nothing will be: whoever approves reads this first.
                State::Ready | State::Failed => {
                    known.payment.state = State::Cancelled;
                    if self.write(known.version, &known.payment)?.is_some() {
                        return Ok(Settled::new(Became::Cancelled, true, Some(&known.payment)));
                    }
                    continue;
                }
                State::Approving => {
                    let told = self.ask(&known.payment)?;
                    if told.stands() == Stands::Open {
                        return Err(unsettled());
                    }
                    self.settle(&mut known, &told)?;
                    continue;
                }
                State::Cancelling => {}
                State::Approved | State::Differs => {
                    known.payment.state = State::Cancelling;
                    match self.write(known.version, &known.payment)? {
                        Some(version) => known.version = version,
                        None => continue,
                    }
                }
            }
            // What KakaoPay took is given back, whatever was asked for; if that was done before,
            // it says so.
            let told = self.ask(&known.payment)?;
            if told.stands() == Stands::Paid {
                let Told { tid, amount, .. } = &told;
                if let Err(refusal) = self.api.cancel(tid, amount.total, amount.tax_free)? {
                    let told = self.ask(&known.payment)?;
                    if told.stands() == Stands::Paid {
                        self.settle(&mut known, &told)?;
                        return Ok(Settled::refused(refusal, Some(&known.payment)));
                    }
                }
            }
            known.payment.state = State::Cancelled;
            if self.write(known.version, &known.payment)?.is_some() {
                return Ok(Settled::new(Became::Cancelled, true, Some(&known.payment)));
            }
        }
        Err(contended())
    }

    pub(crate) fn status(&self) -> Result<Settled, NodeError> {
        for _ in 0..ATTEMPTS {
            let Some(mut known) = self.known()? else { return Ok(Settled::unknown()) };
            match known.payment.state {
                State::Cancelled | State::Failed => {
                    let state = known.payment.state;
                    return Ok(Settled::new(became(state), true, Some(&known.payment)));
                }
                State::Ready
                | State::Approving
                | State::Approved
                | State::Differs
                | State::Cancelling => {}
            }
            let told = self.ask(&known.payment)?;
            if told.stands() == Stands::Open {
                // Nobody has been asked to take it, or the request is still under way.
                return match known.payment.state {
                    State::Ready => Ok(Settled::new(Became::Ready, true, Some(&known.payment))),
                    _ => Err(unsettled()),
                };
            }
            if let Some(settled) = self.settle(&mut known, &told)? {
                return Ok(Settled { done: true, ..settled });
            }
        }
        Err(contended())
    }

    /// Writes down what KakaoPay says that became of it; none if somebody else has written
    /// meanwhile.
    fn settle(&self, known: &mut Known, told: &Told) -> Result<Option<Settled>, NodeError> {
        let payment = &mut known.payment;
        let same = told.tid == payment.tid
            && told.partner_order_id == payment.order
            && (told.amount.total, told.amount.tax_free) == (payment.amount, payment.tax_free);
        // The answer to an approval has no status: it is the money.
        let stands = if told.status.is_some() { told.stands() } else { Stands::Paid };
        payment.state = match stands {
            Stands::Paid if same => State::Approved,
            Stands::Paid => State::Differs,
            Stands::GivenBack => State::Cancelled,
            Stands::Over => State::Failed,
            Stands::Open => State::Ready,
        };
        payment.method.clone_from(&told.payment_method_type);
        payment.approved_at.clone_from(&told.approved_at);
        let done = payment.state == State::Approved;
        let Some(version) = self.write(known.version, &known.payment)? else { return Ok(None) };
        known.version = version;
        Ok(Some(Settled::new(became(known.payment.state), done, Some(&known.payment))))
    }

    /// What KakaoPay says of the payment. That it does not know it is no answer: it does.
    fn ask(&self, payment: &Payment) -> Result<Told, NodeError> {
        self.api.order(&payment.tid)?.map_err(|Refusal(reason)| {
            NodeError::other(
                "no-such-payment",
                format!("KakaoPay does not say what became of a payment that it began: {reason}"),
            )
        })
    }

    /// Never what was last known: it may have been paid since.
    fn known(&self) -> Result<Option<Known>, NodeError> {
        let records = self.host.records();
        let record =
            records.get::<Payment>(&self.config.collection, self.order, Source::Current)?;
        Ok(record.map(|record| Known { payment: record.data, version: record.version }))
    }

    /// The version of the record now; none if it is no longer as it was read.
    fn write(&self, version: u64, payment: &Payment) -> Result<Option<u64>, NodeError> {
        let expect = match version {
            0 => Expectation::Absent,
            version => Expectation::Version(version),
        };
        match self.host.records().put(&self.config.collection, self.order, payment, expect) {
            Ok(version) => Ok(Some(version)),
            Err(HostError::Denied(info)) if info.code == "conflict" => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

impl Settled {
    fn new(became: Became, done: bool, payment: Option<&Payment>) -> Self {
        Self { became, done, repeated: false, payment: payment.cloned(), reason: None }
    }

    fn again(self) -> Self {
        Self { repeated: true, ..self }
    }

    fn unknown() -> Self {
        Self::new(Became::Unknown, false, None)
    }

    fn refused(Refusal(reason): Refusal, payment: Option<&Payment>) -> Self {
        Self { reason: Some(reason), ..Self::new(Became::Refused, false, payment) }
    }
}

fn became(state: State) -> Became {
    match state {
        State::Ready | State::Approving | State::Cancelling => Became::Ready,
        State::Approved => Became::Approved,
        State::Differs => Became::Differs,
        State::Cancelled => Became::Cancelled,
        State::Failed => Became::Failed,
    }
}

fn unsettled() -> NodeError {
    NodeError::retryable(
        "unsettled",
        "another request for this payment is under way, or its answer was lost, and KakaoPay has not decided; ask again \
         in a moment",
    )
}

fn contended() -> NodeError {
    NodeError::retryable(
        "contended",
        "other calls wrote this payment each time that it was read to be changed; try again",
    )
}
