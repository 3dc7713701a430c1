#pragma once

#include "data/datasets/dataset.h"

namespace tvr {

/// The captions that a command works with.
struct DataOptions {
  DatasetSpec dataset;
  double val_fraction = 0;  // share of the training clips held out for model selection, where there is no
                            // split for it
};

}  // namespace tvr
