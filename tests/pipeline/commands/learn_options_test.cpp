#include "pipeline/commands/learn_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "model/train_fields.h"

namespace tvr {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

/// `--FLAG VALUE ...` into options.
LearnOptions parsed(std::vector<std::string> reversed_arguments) {
  CLI::App command;
  LearnOptions options;
  add_learn_flags(command, options);
  command.parse(reversed_arguments);
  return options;
}

TEST(LearnFlags, HaveEveryTrainingOptionWithItsHelpAndDefault) {
  CLI::App command;
  LearnOptions options;
  add_learn_flags(command, options);
  const std::string defaults = plan_training(TrainOptions{}).result_identity;
  for_each_field(options.train,
                 [&](const std::string& name, auto&, const auto& domain, Affects, const std::string& help) {
                   if (name == "seed") return;  // one flag of the subcommands seeds all that is random
                   const CLI::Option* const flag = command.get_option_no_throw("--" + name);
                   ASSERT_NE(flag, nullptr) << name;
                   EXPECT_EQ(flag->get_description(), help);
                   EXPECT_EQ(flag->get_group(), "Learning");
                   if constexpr (!std::is_same_v<std::decay_t<decltype(domain)>, Switch>) {
                     ASSERT_FALSE(flag->get_default_str().empty()) << name;
                     command.get_option("--" + name)->add_result(flag->get_default_str());
                   }
                 });
  command.parse(std::vector<std::string>{});
  EXPECT_EQ(plan_training(options.train).result_identity, defaults)
      << "a default that is shown is not the one that holds";
}

TEST(LearnFlags, ReachTheirOptions) {
  const LearnOptions options = parsed({"cuda", "--train-device", "nce", "--loss", "0.5", "--margin", "7",
                                       "--n-pair", "--cosine", "1e-9", "--lr"});
  EXPECT_EQ(options.train.gpu, 0);
  EXPECT_EQ(options.train.loss, RankingLoss::Nce);
  EXPECT_EQ(options.train.margin, 0.5);
  EXPECT_EQ(options.train.n_pair, 7);
  EXPECT_EQ(options.train.lr, 1e-9);
  EXPECT_TRUE(options.train.cosine);
}

TEST(LearnFlags, RefuseWhatIsOutsideTheRangeAndNaN) {
  const std::vector<std::pair<std::string, std::string>> bad = {
      {"--margin", "2.5"}, {"--margin", "nan"},       {"--lr", "0"},          {"--lr", "nan"},
      {"--lr", "inf"},     {"--lr-decay", "1.5"},     {"--batch-size", "1"},  {"--epochs", "0"},
      {"--loss", "hinge"}, {"--train-device", "tpu"}, {"--threads", "-1"},    {"--n-pair", "two"},
      {"--lr-decay", "0"}, {"--temperature", "nan"},  {"--embd-dim", "65537"}};
  for (const auto& [flag, value] : bad) {
    try {
      (void)parsed({value, flag});
      ADD_FAILURE() << flag << ' ' << value;
    } catch (const CLI::ValidationError& error) {
      EXPECT_THAT(error.what(), HasSubstr(flag));
    }
  }
}

TEST(TrainingPreset, GivesItsFlagsWhereTheUserHasSaidNothing) {
  for (const char* const flag : {"--training-preset", "--recipe"}) {  // the second: its name in version 0.1
    CLI::App command;
    LearnOptions options;
    add_learn_flags(command, options);
    command.parse(std::vector<std::string>{"64", "--embd-dim", "best", flag});
    apply_training_preset(command);
    EXPECT_EQ(options.train.loss, RankingLoss::Nce);
    EXPECT_EQ(options.pooling, Pooling::MaxMean);
    EXPECT_EQ(options.train.embd_dim, 64);
    const std::string config = command.config_to_str(true, false);
    EXPECT_THAT(config, HasSubstr("training-preset=\"best\""));
    EXPECT_THAT(config, Not(HasSubstr("recipe=\"best\"")));
  }
}

}  // namespace
}  // namespace tvr
