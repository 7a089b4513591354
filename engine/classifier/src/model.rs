//! Trains the classifier and calibrates its confidence. Transcendental functions come from `libm`
//! and the order of samples from a fixed seed, so that every machine learns the same bits.

use std::collections::HashMap;

/// Passes over the samples.
const EPOCHS: usize = 24;
/// Step size of AdaGrad.
const STEP: f64 = 0.5;
/// Pull of every weight towards zero.
const DECAY: f64 = 1e-5;
/// Parts of the samples that are kept apart in turn to learn how far a confidence can be trusted.
const FOLDS: usize = 4;

/// A sentence as numbers.
#[derive(Debug)]
struct Vector {
    /// Feature and weight, sorted by feature; of length 1, or less by what is unknown.
    entries: Vec<(u32, f64)>,
    /// Features that are stems of words, with their rarity; none for stems of no sample.
    stems: Vec<(Option<u32>, f64)>,
}

/// A sentence with its class.
#[derive(Debug, Clone)]
pub struct Sample {
    /// Names and weights, unsorted, perhaps with repetitions. Names of stems of words begin with
    /// [`STEM`](crate::STEM).
    pub features: Vec<(String, f64)>,
    /// Below the number of classes.
    pub class: usize,
    /// Samples made of one utterance share a group, so that none of them is measured by another.
    pub group: usize,
}

/// A trained classifier over classes `0..classes`, of which the last one is "none of them".
#[derive(Debug)]
pub struct Model {
    vocabulary: HashMap<String, u32>,
    idf: Vec<f64>,
    core: Core,
    vectors: Vec<(Vector, usize)>,
    calibration: [f64; INPUTS],
    classes: usize,
}

#[derive(Debug)]
struct Core {
    classes: usize,
    /// Feature-major: the weights of one feature for all classes lie together; the bias is the last
    /// row.
    weights: Vec<f64>,
    known: Vec<bool>,
}

/// Bias, log odds of the class, share of the sentence that is known, likeness of the nearest
/// sample, share of the words that are known.
const INPUTS: usize = 5;

/// What a made-up case of "none of them" counts beside a real sentence in calibration.
const MADE_UP: f64 = 0.1;

/// What the classifier says of a sentence.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// Classes but the last, most likely first, with calibrated confidence.
    pub ranking: Vec<(usize, f64)>,
}

impl Model {
    /// Learns from `samples`, whose classes are below `classes`.
    pub fn train(samples: &[Sample], classes: usize) -> Self {
        let mut vocabulary = HashMap::new();
        let mut document_frequency: Vec<u32> = Vec::new();
        for sample in samples {
            let mut names: Vec<&String> = sample.features.iter().map(|(name, _)| name).collect();
            names.sort_unstable();
            names.dedup();
            for name in names {
                let next = vocabulary.len() as u32;
                let id = *vocabulary.entry(name.clone()).or_insert(next) as usize;
                if id == document_frequency.len() {
                    document_frequency.push(0);
                }
                document_frequency[id] += 1;
            }
        }
        let total = samples.len() as f64;
        let idf: Vec<f64> = document_frequency
            .iter()
            .map(|&count| 1.0 + libm::log((1.0 + total) / (1.0 + f64::from(count))))
            .collect();
        let vectors: Vec<(Vector, usize)> = samples
            .iter()
            .map(|sample| (vector(&vocabulary, &idf, &sample.features), sample.class))
            .collect();
        let calibration = calibrate(samples, &vectors, idf.len(), classes);
        let all: Vec<usize> = (0..vectors.len()).collect();
        let core = Core::train(&vectors, &all, idf.len(), classes);
        Self { vocabulary, idf, core, vectors, calibration, classes }
    }

    /// What a sentence with these features means, in view of all samples.
    pub fn classify(&self, features: &[(String, f64)]) -> Verdict {
        let vector = vector(&self.vocabulary, &self.idf, features);
        let everything: Vec<usize> = (0..self.vectors.len()).collect();
        let probabilities = self.core.probabilities(&vector);
        let (best, inputs) = judge(&self.core, &probabilities, &vector, &self.vectors, &everything);
        let confidence = sigmoid(dot(&self.calibration, &inputs));
        let mut ranking: Vec<(usize, f64)> = (0..self.classes - 1)
            .map(|class| (class, confidence * probabilities[class] / probabilities[best]))
            .collect();
        ranking.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        Verdict { ranking }
    }
}

/// The vector of a sentence. What is not in the vocabulary takes its share of the length, as if a
/// single sample had it, so that a sentence of unknown words is short.
fn vector(vocabulary: &HashMap<String, u32>, idf: &[f64], features: &[(String, f64)]) -> Vector {
    let rarest = idf.iter().copied().fold(1.0, f64::max);
    let mut known: Vec<(u32, f64)> = Vec::with_capacity(features.len());
    let mut stems = Vec::new();
    let mut unknown = 0.0;
    for (name, weight) in features {
        let id = vocabulary.get(name).copied();
        match id {
            Some(id) => known.push((id, weight * idf[id as usize])),
            None => unknown += (weight * rarest) * (weight * rarest),
        }
        if name.starts_with(crate::STEM) {
            // The rarity beyond that of a word which every sentence has.
            stems.push((id, id.map_or(rarest, |id| idf[id as usize]) - 0.9));
        }
    }
    known.sort_by_key(|&(id, _)| id);
    known.dedup_by(|next, kept| {
        let same = next.0 == kept.0;
        if same {
            // Repetition says little more; the larger weight stands.
            kept.1 = kept.1.max(next.1);
        }
        same
    });
    let squared: f64 = known.iter().map(|(_, weight)| weight * weight).sum();
    let length = (squared + unknown).sqrt();
    if length > 0.0 {
        known.iter_mut().for_each(|(_, weight)| *weight /= length);
    }
    Vector { entries: known, stems }
}

impl Core {
    fn train(
        vectors: &[(Vector, usize)],
        chosen: &[usize],
        features: usize,
        classes: usize,
    ) -> Self {
        let mut core = Self {
            classes,
            weights: vec![0.0; (features + 1) * classes],
            known: vec![false; features],
        };
        for &sample in chosen {
            for &(feature, _) in &vectors[sample].0.entries {
                core.known[feature as usize] = true;
            }
        }
        let mut squares = vec![1e-3; core.weights.len()];
        let mut order = chosen.to_vec();
        // A linear congruential generator: any order will do, as long as it is always the same one.
        let mut state = 0x2545_F491_4F6C_DD1D_u64;
        let mut errors = vec![0.0; classes];
        for _ in 0..EPOCHS {
            for i in (1..order.len()).rev() {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695_040_888_963_407);
                order.swap(i, (state >> 33) as usize % (i + 1));
            }
            for &sample in &order {
                let (vector, class) = &vectors[sample];
                core.probabilities_into(vector, &mut errors);
                errors[*class] -= 1.0;
                let bias = [(features as u32, 0.3)];
                for &(feature, weight) in vector.entries.iter().chain(&bias) {
                    let row = feature as usize * classes;
                    let weights = &mut core.weights[row..row + classes];
                    let squares = &mut squares[row..row + classes];
                    for ((w, square), error) in weights.iter_mut().zip(squares).zip(&errors) {
                        let slope = error * weight + DECAY * *w;
                        *square += slope * slope;
                        *w -= STEP * slope / square.sqrt();
                    }
                }
            }
        }
        core
    }

    fn probabilities(&self, vector: &Vector) -> Vec<f64> {
        let mut out = vec![0.0; self.classes];
        self.probabilities_into(vector, &mut out);
        out
    }

    fn probabilities_into(&self, vector: &Vector, out: &mut [f64]) {
        let bias = self.weights.len() - self.classes;
        for (score, weight) in out.iter_mut().zip(&self.weights[bias..]) {
            *score = 0.3 * weight;
        }
        for &(feature, value) in &vector.entries {
            let row = feature as usize * self.classes;
            for (score, weight) in out.iter_mut().zip(&self.weights[row..row + self.classes]) {
                *score += value * weight;
            }
        }
        let most = out.iter().copied().fold(f64::MIN, f64::max);
        let mut total = 0.0;
        for score in out.iter_mut() {
            *score = libm::exp(*score - most);
            total += *score;
        }
        out.iter_mut().for_each(|score| *score /= total);
    }
}

/// The best intent, and the evidence for or against it.
fn judge(
    core: &Core,
    probabilities: &[f64],
    vector: &Vector,
    vectors: &[(Vector, usize)],
    candidates: &[usize],
) -> (usize, [f64; INPUTS]) {
    let best = top(&probabilities[..core.classes - 1]);
    let p = probabilities[best].clamp(1e-6, 1.0 - 1e-6);
    let seen: f64 = vector
        .entries
        .iter()
        .filter(|(feature, _)| core.known[*feature as usize])
        .map(|(_, weight)| weight * weight)
        .sum();
    let nearest = candidates
        .iter()
        .filter(|&&sample| vectors[sample].1 == best)
        .map(|&sample| cosine(&vector.entries, &vectors[sample].0.entries))
        .fold(0.0, f64::max);
    let of_known: f64 = vector
        .stems
        .iter()
        .filter(|(id, _)| id.is_some_and(|id| core.known[id as usize]))
        .map(|(_, rarity)| rarity)
        .sum();
    let words = of_known / vector.stems.iter().map(|(_, rarity)| rarity).sum::<f64>().max(1e-9);
    let inputs = [1.0, libm::log(p / (1.0 - p)), seen, nearest, words];
    (best, inputs)
}

/// Learns, on samples that the classifier has not seen, how often it is right given the evidence.
fn calibrate(
    samples: &[Sample],
    vectors: &[(Vector, usize)],
    features: usize,
    classes: usize,
) -> [f64; INPUTS] {
    let mut cases: Vec<([f64; INPUTS], f64, f64)> = Vec::with_capacity(samples.len());
    for fold in 0..FOLDS {
        let train: Vec<usize> =
            (0..samples.len()).filter(|&i| samples[i].group % FOLDS != fold).collect();
        if train.is_empty() {
            continue;
        }
        let core = Core::train(vectors, &train, features, classes);
        for i in (0..samples.len()).filter(|&i| samples[i].group % FOLDS == fold) {
            let vector = &vectors[i].0;
            let mut probabilities = core.probabilities(vector);
            let (best, inputs) = judge(&core, &probabilities, vector, vectors, &train);
            cases.push((inputs, f64::from(u8::from(best == samples[i].class)), 1.0));
            // The same sentence as if its intent did not exist: the nearest thing at hand to a
            // caller who wants what nobody thought of.
            if samples[i].class + 1 < classes && classes > 2 {
                let rest = 1.0 - probabilities[samples[i].class];
                probabilities[samples[i].class] = 0.0;
                probabilities.iter_mut().for_each(|p| *p /= rest.max(1e-9));
                let (_, inputs) = judge(&core, &probabilities, vector, vectors, &train);
                cases.push((inputs, 0.0, MADE_UP));
            }
        }
    }
    // Logistic regression by gradient descent on few points; the start is "believe the log odds".
    let mut weights = [0.0, 1.0, 0.0, 0.0, 0.0];
    let count = cases.iter().map(|case| case.2).sum::<f64>().max(1.0);
    for _ in 0..800 {
        let mut slope = [0.0; INPUTS];
        for (inputs, right, count) in &cases {
            let error = count * (sigmoid(dot(&weights, inputs)) - right);
            slope.iter_mut().zip(inputs).for_each(|(slope, input)| *slope += error * input);
        }
        for (weight, slope) in weights.iter_mut().zip(slope) {
            *weight -= 0.5 * slope / count;
        }
    }
    weights
}

fn top(values: &[f64]) -> usize {
    let mut best = 0;
    for (i, value) in values.iter().enumerate() {
        if *value > values[best] {
            best = i;
        }
    }
    best
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + libm::exp(-x))
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn cosine(a: &[(u32, f64)], b: &[(u32, f64)]) -> f64 {
    let (mut i, mut j, mut sum) = (0, 0, 0.0);
    while let (Some(x), Some(y)) = (a.get(i), b.get(j)) {
        match x.0.cmp(&y.0) {
            std::cmp::Ordering::Less => i += 1,
            std::cmp::Ordering::Greater => j += 1,
            std::cmp::Ordering::Equal => {
                sum += x.1 * y.1;
                i += 1;
                j += 1;
            }
        }
    }
    sum
}
