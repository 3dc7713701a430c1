#include "data/tensors/tensor.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "data/error.h"
#include "tests/support/expect_error.h"

namespace tvr {
namespace {

TEST(Half, EveryValueSurvivesTheWayThroughFloat) {
  for (std::uint32_t bits = 0; bits <= 0xFFFF; ++bits) {
    const auto half = static_cast<std::uint16_t>(bits);
    const float value = from_half(half);
    if (std::isnan(value)) {
      EXPECT_TRUE(std::isnan(from_half(to_half(value))));
    } else {
      ASSERT_EQ(to_half(value), half) << value;
    }
  }
}

TEST(Half, RoundsToTheNearestAndTiesToEven) {
  EXPECT_EQ(from_half(to_half(1.0F + 1.0F / 2048)), 1.0F) << "half way between 1 and the next: even is 1";
  EXPECT_EQ(from_half(to_half(1.0F + 3.0F / 2048)), 1.0F + 2.0F / 1024) << "half way: even is above";
  EXPECT_EQ(from_half(to_half(1.0F + 1.1F / 2048)), 1.0F + 1.0F / 1024);
  EXPECT_EQ(to_half(65519.0F), 0x7BFF);
  EXPECT_EQ(to_half(65520.0F), 0x7C00) << "beyond the largest: infinity";
  EXPECT_EQ(to_half(std::ldexp(1.0F, -25)), 0) << "half of the smallest: even is 0";
  EXPECT_EQ(to_half(std::nextafter(std::ldexp(1.0F, -25), 1.0F)), 1);
}

TEST(Tensor, GivesItsValuesAsFloats) {
  const float values[] = {1.5F, -2.0F, 0.25F, 3.0F};
  EXPECT_EQ(Tensor::from_floats({2, 2}, values, DType::F16).to_floats(),
            std::vector<float>(values, values + 4));
  EXPECT_EQ(Tensor::from_floats({4}, values).to_floats(), std::vector<float>(values, values + 4));
}

TEST(RequireFinite, KnowsInfinityAndNaNInEveryFloatingType) {
  const auto tensor = [](DType dtype, std::uint64_t bits) {
    Tensor made{dtype, {3}, std::vector<std::byte>(3 * size_of(dtype))};
    std::memcpy(&made.bytes[2 * size_of(dtype)], &bits, size_of(dtype));
    return NamedTensors{{"w", made}};
  };
  struct Bits {
    DType dtype;
    std::uint64_t largest, infinity;
  };
  for (const Bits& bits :
       {Bits{DType::F16, 0xFBFF, 0xFC00}, Bits{DType::BF16, 0xFF7F, 0xFF80},
        Bits{DType::F32, 0xFF7FFFFF, 0xFF800000}, Bits{DType::F64, 0xFFEFFFFFFFFFFFFF, 0xFFF0000000000000}}) {
    EXPECT_NO_THROW(require_finite(tensor(bits.dtype, bits.largest), "w.pth")) << name(bits.dtype);
    for (const std::uint64_t value : {bits.infinity, bits.infinity + 1}) {
      SCOPED_TRACE(name(bits.dtype));
      testing::expect_error([&] { require_finite(tensor(bits.dtype, value), "w.pth"); }, Fault::Corrupt,
                            "not finite");
    }
  }
  EXPECT_NO_THROW(require_finite(tensor(DType::I16, 0xFFFF), "w.pth"));
}

TEST(RequireFinite, NamesTheTensorThatIsNot) {
  const float bad[] = {0.0F, std::numeric_limits<float>::infinity()};
  const NamedTensors tensors = {{"good", Tensor::from_floats({1}, bad)},
                                {"conv1.weight", Tensor::from_floats({2}, bad)}};
  try {
    require_finite(tensors, "w.pth");
    FAIL() << "infinity was taken";
  } catch (const Error& error) {
    EXPECT_EQ(error.fault(), Fault::Corrupt);
    EXPECT_NE(std::string(error.what()).find("conv1.weight"), std::string::npos);
  }
}

TEST(Tensor, HalvesAreConvertedTogetherAsEachByItself) {
  std::vector<std::uint16_t> halves(65536 + 5);  // not a multiple of what a processor takes at once
  for (std::size_t i = 0; i < halves.size(); ++i) halves[i] = static_cast<std::uint16_t>(i);
  std::vector<float> floats(halves.size());
  from_halves(halves.data(), halves.size(), floats.data());
  for (std::size_t i = 0; i < halves.size(); ++i) {
    const float wanted = from_half(halves[i]);
    if (std::isnan(wanted))
      ASSERT_TRUE(std::isnan(floats[i])) << i;
    else
      ASSERT_EQ(std::memcmp(&floats[i], &wanted, sizeof wanted), 0) << i;
  }
}

}  // namespace
}  // namespace tvr
