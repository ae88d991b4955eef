"""How much a corpus counts in training: silver labels and noisy genres less, news more."""

WEIGHTS = {
    "btc": 0.4,
    "wnut": 0.4,
    "sec": 0.4,
    "silver": 0.7,
    "gmb": 1.5,
    "gum": 1.0,
    "ewt": 1.5,
    "crossner": 0.8,
    "wire": 0.5,
}
