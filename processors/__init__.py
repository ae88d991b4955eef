"""What happens to articles: Faust enriches them, the sink indexes them."""

import os

# Before numpy is loaded: an enricher is for one core, and threads for its small matrices cost more than all its work.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
