#include "extract/media/picture_order.h"

#include <gtest/gtest.h>

namespace tvr {
namespace {

using Places = std::vector<std::size_t>;

TEST(PictureOrder, IsThatOfDecodingWithoutReordering) {
  EXPECT_EQ(order_of_counts({0, 2, 4, 6}, {true, false, false, false}), (Places{0, 1, 2, 3}));
  EXPECT_EQ(order_of_counts({}, {}), Places{});
}

TEST(PictureOrder, PutsPicturesBetweenThoseThatTheyReferTo) {
  // I P B B P B B as decoded
  EXPECT_EQ(order_of_counts({0, 6, 2, 4, 12, 8, 10}, {true, false, false, false, false, false, false}),
            (Places{0, 3, 1, 2, 6, 4, 5}));
}

TEST(PictureOrder, BeginsAnewWhereTheCountsDo) {
  EXPECT_EQ(order_of_counts({0, 4, 2, 0, 4, 2}, {true, false, false, true, false, false}),
            (Places{0, 2, 1, 3, 5, 4}));
  EXPECT_EQ(order_of_counts({0, 0, 0}, {true, true, true}), (Places{0, 1, 2})) << "key pictures alone";
}

TEST(PictureOrder, GoesOnOverAKeyPictureThatPicturesBeforeItReferTo) {
  // An open group: the pictures behind the second key picture are shown before it.
  EXPECT_EQ(order_of_counts({0, 4, 2, 8, 6}, {true, false, false, true, false}), (Places{0, 2, 1, 4, 3}));
}

}  // namespace
}  // namespace tvr
