"""Training of the default tagger: corpora, teacher, student, scores. Nothing here is needed to run."""
