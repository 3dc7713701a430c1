// Trains a small model and writes its checkpoint: what kill_test.cpp kills. train_helper STATE_FILE
// CHECKPOINT
#include <cstdio>
#include <exception>

#include "data/pth.h"
#include "model/trainer.h"
#include "pair_fixture.h"

int main(int argc, char** argv) {
  using tvr::testing::random_matrix;
  using tvr::testing::random_pairs;
  if (argc != 3) return 64;
  try {
    const tvr::Matrix vectors = random_matrix(60, 30, 1);
    const tvr::PairData pairs = random_pairs(vectors, 96, 3, 64, 2),
                        val = random_pairs(vectors, 24, 2, 64, 3);
    tvr::TrainOptions options;
    options.epochs = 60;
    options.batch_size = 16;
    options.embd_dim = 256;
    options.loss = tvr::RankingLoss::Nce;
    options.cosine = true;
    tvr::write_pth(argv[2], tvr::train(pairs, val, vectors, options, argv[1], {}, {}).weights);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
