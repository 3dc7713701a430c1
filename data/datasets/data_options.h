#pragma once

#include "data/datasets/dataset.h"

namespace tvr {

/// Which captions a command uses.
struct DataOptions {
  DatasetSpec dataset;
  double val_fraction = 0;  // fraction of the training videos held out for validation, where there is no
                            // validation split
};

}  // namespace tvr
