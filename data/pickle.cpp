// The opcodes: Python's Lib/pickletools.py describes each; the ones here are those that torch.save has
// written since 2016.
#include "data/pickle.h"

#include <cstring>
#include <optional>
#include <unordered_map>

#include "data/error.h"

namespace tvr {
namespace {

constexpr std::size_t kMostValues = 2'000'000;  // 180 MB; a state dict of 1000 tensors has 20,000
constexpr std::uint32_t kMostMemo = 16'000'000;
constexpr std::uint32_t kDeepest = 1000;

std::optional<DType> storage_dtype(const std::string& global) {
  static const std::unordered_map<std::string, DType> types = {
      {"torch.HalfStorage", DType::F16},  {"torch.BFloat16Storage", DType::BF16},
      {"torch.FloatStorage", DType::F32}, {"torch.DoubleStorage", DType::F64},
      {"torch.ByteStorage", DType::U8},   {"torch.CharStorage", DType::I8},
      {"torch.ShortStorage", DType::I16}, {"torch.IntStorage", DType::I32},
      {"torch.LongStorage", DType::I64},  {"torch.BoolStorage", DType::Bool}};
  const auto found = types.find(global);
  return found == types.end() ? std::nullopt : std::optional(found->second);
}

bool is_allowed(const std::string& global) {
  return global == "collections.OrderedDict" || global == "torch._utils._rebuild_tensor_v2" ||
         global == "torch._utils._rebuild_tensor" ||  // before 0.4
         global == "torch._utils._rebuild_parameter" || storage_dtype(global).has_value();
}

}  // namespace

class PickleMachine {
 public:
  using Id = Pickle::Id;
  using Kind = Pickle::Kind;
  using Value = Pickle::Value;

  PickleMachine(Pickle& pickle, std::string_view bytes, const std::string& where)
      : pickle_(pickle), bytes_(bytes), where_(where) {}

  void run() {
    while (step(byte())) {
    }
    pickle_.root_ = pop();
    pickle_.size_ = at_;
  }

 private:
  [[noreturn]] void malformed(const std::string& what) const {
    throw Error(Fault::Corrupt, where_, "pickle: " + what + " at byte " + std::to_string(at_),
                "The file is damaged or was not written by torch.save");
  }

  std::string_view take(std::uint64_t count) {
    if (count > bytes_.size() - at_) {
      throw Error(Fault::Corrupt, where_,
                  "pickle: truncated, " + std::to_string(count) + " bytes are wanted at byte " +
                      std::to_string(at_) + " of " + std::to_string(bytes_.size()),
                  "The download is incomplete: get it again");
    }
    const std::string_view part = bytes_.substr(at_, count);
    at_ += count;
    return part;
  }
  std::uint8_t byte() { return static_cast<std::uint8_t>(take(1)[0]); }
  std::uint64_t number(std::size_t width) {
    std::uint64_t value = 0;
    const std::string_view part = take(width);
    for (std::size_t i = 0; i < width; ++i)
      value |= std::uint64_t{static_cast<unsigned char>(part[i])} << (8 * i);
    return value;
  }
  std::string line() {
    const std::size_t end = bytes_.find('\n', at_);
    if (end == std::string_view::npos) take(bytes_.size() - at_ + 1);
    const std::string text(bytes_.substr(at_, end - at_));
    at_ = end + 1;
    return text;
  }

  void push(Value value) {
    if (pickle_.values_.size() >= kMostValues) {
      throw Error(Fault::Limit, where_,
                  "pickle: limit passed, more than " + std::to_string(kMostValues) + " values");
    }
    stack_.push_back(static_cast<Id>(pickle_.values_.size()));
    pickle_.values_.push_back(std::move(value));
  }
  void push(Kind kind, std::int64_t integer = 0, std::string text = {}) {
    Value value;
    value.kind = kind;
    value.integer = integer;
    value.text = std::move(text);
    push(std::move(value));
  }
  void push_string(std::uint64_t count) { push(Kind::String, 0, std::string(take(count))); }

  Id pop() {
    if (stack_.empty()) malformed("the stack is empty");
    const Id id = stack_.back();
    stack_.pop_back();
    if (at(id).kind == Kind::Mark) malformed("a mark where a value is wanted");
    return id;
  }
  Value& at(Id id) { return pickle_.values_[id]; }
  Value& top() {
    if (stack_.empty()) malformed("the stack is empty");
    return at(stack_.back());
  }
  /// What lies above the last mark, which goes too.
  std::vector<Id> pop_to_mark() {
    std::size_t from = stack_.size();
    while (from > 0 && at(stack_[from - 1]).kind != Kind::Mark) --from;
    if (from == 0) malformed("there is no mark");
    std::vector<Id> items(stack_.begin() + static_cast<std::ptrdiff_t>(from), stack_.end());
    stack_.resize(from - 1);
    return items;
  }

  void append(Value& container, Id item) {
    container.items.push_back(item);
    container.depth = std::max(container.depth, at(item).depth + 1);
    if (container.depth > kDeepest) {
      throw Error(Fault::Limit, where_,
                  "pickle: limit passed, values are nested deeper than " + std::to_string(kDeepest));
    }
  }
  void push_tuple(const std::vector<Id>& items) {
    Value tuple;
    tuple.kind = Kind::Tuple;
    for (const Id item : items) append(tuple, item);
    push(std::move(tuple));
  }
  void push_tuple(std::size_t count) {
    std::vector<Id> items(count);
    for (std::size_t i = count; i > 0; --i) items[i - 1] = pop();
    push_tuple(items);
  }
  void extend(Kind kind, const std::vector<Id>& items, const char* opcode) {
    if (kind == Kind::Dict && items.size() % 2 != 0)
      malformed(std::string(opcode) + " with an odd number of values");
    Value& container = top();
    if (container.kind != kind) malformed(std::string(opcode) + " on another kind of value");
    for (const Id item : items) append(container, item);
  }

  void put(std::uint64_t index) {
    if (index > kMostMemo || memo_.size() > kMostValues) {
      throw Error(Fault::Limit, where_, "pickle: limit passed, memo index " + std::to_string(index));
    }
    (void)top();
    memo_[static_cast<std::uint32_t>(index)] = stack_.back();
  }
  void get(std::uint64_t index) {
    const auto found = memo_.find(static_cast<std::uint32_t>(index));
    if (index > kMostMemo || found == memo_.end())
      malformed("memo slot " + std::to_string(index) + " was never set");
    stack_.push_back(found->second);
  }

  void push_global(const std::string& global) {
    if (!is_allowed(global)) {
      throw Error(Fault::Unsupported, where_, "pickle: it asks for the forbidden global '" + global + "'",
                  "Only tensors are read, code of a file is never run: save the bare state dict again");
    }
    push(Kind::Global, 0, global);
  }

  void push_long(std::uint64_t count) {
    const std::string_view digits = take(count);
    if (count > 8) return push(Kind::BigInt, 0, std::string(digits));
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < count; ++i)
      value |= std::uint64_t{static_cast<unsigned char>(digits[i])} << (8 * i);
    const bool negative =
        count > 0 && count < 8 && (static_cast<unsigned char>(digits[count - 1]) & 0x80U) != 0;
    if (negative) value |= ~std::uint64_t{0} << (8 * count);
    push(Kind::Int, static_cast<std::int64_t>(value));
  }

  /// ("storage", torch.XStorage, key, location, number of elements[, view])
  void push_storage() {
    const Value id = at(pop());
    const bool fits = id.kind == Kind::Tuple && id.items.size() >= 5 && at(id.items[0]).text == "storage" &&
                      at(id.items[1]).kind == Kind::Global && at(id.items[2]).kind == Kind::String &&
                      at(id.items[4]).kind == Kind::Int;
    if (!fits) malformed("a persistent id that is not a storage");
    const std::optional<DType> dtype = storage_dtype(at(id.items[1]).text);
    if (!dtype) malformed("a storage of type '" + at(id.items[1]).text + "'");
    Value storage;
    storage.kind = Kind::Storage;
    storage.dtype = *dtype;
    storage.text = at(id.items[2]).text;
    storage.integer = at(id.items[4]).integer;
    push(std::move(storage));
  }

  std::vector<std::int64_t> integers(Id id) {
    std::vector<std::int64_t> numbers;
    if (at(id).kind != Kind::Tuple) malformed("a tensor whose shape is no tuple");
    for (const Id item : at(id).items) {
      if (at(item).kind != Kind::Int) malformed("a tensor whose shape is not of whole numbers");
      numbers.push_back(at(item).integer);
    }
    return numbers;
  }

  void reduce() {
    const Value arguments = at(pop());
    const Value function = at(pop());
    if (function.kind != Kind::Global) malformed("REDUCE of what is not a function");
    if (arguments.kind != Kind::Tuple) malformed("REDUCE without a tuple of arguments");
    if (function.text == "collections.OrderedDict") {
      push(Kind::Dict);
      if (arguments.items.empty()) return;
      for (const Id pair : at(arguments.items[0]).items) {  // OrderedDict([[key, value], ...])
        if (at(pair).items.size() != 2) malformed("an OrderedDict of what are not pairs");
        append(top(), at(pair).items[0]);
        append(top(), at(pair).items[1]);
      }
    } else if (function.text == "torch._utils._rebuild_parameter") {
      if (arguments.items.empty() || at(arguments.items[0]).kind != Kind::Tensor)
        malformed("a parameter without tensor");
      stack_.push_back(arguments.items[0]);
    } else if (function.text == "torch._utils._rebuild_tensor_v2" ||
               function.text == "torch._utils._rebuild_tensor") {
      push_tensor(arguments);
    } else {
      malformed("'" + function.text + "' is called");
    }
  }

  /// _rebuild_tensor(storage, offset, size, stride) and _rebuild_tensor_v2(the same, requires_grad, hooks)
  void push_tensor(const Value& arguments) {
    if (arguments.items.size() < 4 || at(arguments.items[0]).kind != Kind::Storage ||
        at(arguments.items[1]).kind != Kind::Int) {
      malformed("a tensor without storage or offset");
    }
    const Value& storage = at(arguments.items[0]);
    TensorView view{storage.text,
                    storage.dtype,
                    storage.integer,
                    at(arguments.items[1]).integer,
                    integers(arguments.items[2]),
                    integers(arguments.items[3])};
    if (view.shape.size() != view.strides.size())
      malformed("a tensor with other numbers of sizes and strides");
    push(Kind::Tensor, static_cast<std::int64_t>(pickle_.views_.size()));
    pickle_.views_.push_back(std::move(view));
  }

  void push_stack_global() {
    const Id symbol = pop(), module = pop();
    push_global(at(module).text + "." + at(symbol).text);
  }

  /// One opcode; false after STOP.
  bool step(std::uint8_t opcode) {
    switch (opcode) {
      case '.':
        return false;
      case 0x80:  // PROTO
        if (byte() > 5) malformed("a protocol above 5");
        break;
      case 0x95:  // FRAME
        if (number(8) > bytes_.size() - at_) malformed("a frame longer than the stream");
        break;
      case '(':
        push(Kind::Mark);
        break;
      case '0':
        (void)pop();
        break;
      case '2':
        (void)top(), stack_.push_back(stack_.back());
        break;
      case 'N':
        push(Kind::None);
        break;
      case 0x88:
        push(Kind::Bool, 1);
        break;
      case 0x89:
        push(Kind::Bool, 0);
        break;
      case 'J':
        push(Kind::Int, static_cast<std::int32_t>(number(4)));
        break;
      case 'K':
        push(Kind::Int, byte());
        break;
      case 'M':
        push(Kind::Int, static_cast<std::int64_t>(number(2)));
        break;
      case 0x8a:
        push_long(byte());
        break;      // LONG1
      case 0x8b: {  // LONG4
        const auto count = static_cast<std::int32_t>(number(4));
        if (count < 0) malformed("LONG4 of negative length");
        push_long(static_cast<std::uint64_t>(count));
        break;
      }
      case 'G':
        push_float();
        break;
      case 'X':
        push_string(number(4));
        break;  // BINUNICODE
      case 0x8c:
        push_string(byte());
        break;  // SHORT_BINUNICODE
      case 0x8d:
        push_string(number(8));
        break;   // BINUNICODE8
      case 'U':  // SHORT_BINSTRING, Python 2
      case 'C':
        push_string(byte());
        break;   // SHORT_BINBYTES
      case 'T':  // BINSTRING, Python 2
      case 'B':
        push_string(number(4));
        break;  // BINBYTES
      case '}':
        push(Kind::Dict);
        break;
      case ']':
        push(Kind::List);
        break;
      case ')':
        push(Kind::Tuple);
        break;
      case 't':
        push_tuple(pop_to_mark());
        break;
      case 0x85:
        push_tuple(std::size_t{1});
        break;
      case 0x86:
        push_tuple(std::size_t{2});
        break;
      case 0x87:
        push_tuple(std::size_t{3});
        break;
      case 'a':
        extend(Kind::List, {pop()}, "APPEND");
        break;
      case 'e':
        extend(Kind::List, pop_to_mark(), "APPENDS");
        break;
      case 's': {
        const Id value = pop(), key = pop();
        extend(Kind::Dict, {key, value}, "SETITEM");
        break;
      }
      case 'u':
        extend(Kind::Dict, pop_to_mark(), "SETITEMS");
        break;
      case 'q':
        put(byte());
        break;
      case 'r':
        put(number(4));
        break;
      case 0x94:
        put(memo_.size());
        break;  // MEMOIZE
      case 'h':
        get(byte());
        break;
      case 'j':
        get(number(4));
        break;
      case 'c': {
        const std::string module = line();
        push_global(module + "." + line());
        break;
      }
      case 0x93:
        push_stack_global();
        break;
      case 'R':
        reduce();
        break;
      case 'b':
        (void)pop(), (void)top();
        break;  // BUILD: the attributes of an OrderedDict (_metadata) are not needed
      case 'Q':
        push_storage();
        break;  // BINPERSID
      default: {
        static const char digits[] = "0123456789abcdef";
        malformed(std::string("opcode 0x") + digits[opcode >> 4U] + digits[opcode & 15U] +
                  " is not one of torch.save's");
      }
    }
    return true;
  }

  void push_float() {
    std::uint64_t bits = 0;
    for (const char c : take(8)) bits = bits << 8U | static_cast<unsigned char>(c);
    Value value;
    value.kind = Kind::Float;
    std::memcpy(&value.real, &bits, sizeof(bits));
    push(std::move(value));
  }

  Pickle& pickle_;
  std::string_view bytes_;
  const std::string& where_;
  std::size_t at_ = 0;
  std::vector<Id> stack_;
  std::unordered_map<std::uint32_t, Id> memo_;
};

Pickle::Pickle(std::string_view bytes, const std::string& where) { PickleMachine(*this, bytes, where).run(); }

const Pickle::Value* Pickle::get(const Value& dict, const std::string& key) const noexcept {
  for (std::size_t i = 0; i + 1 < dict.items.size(); i += 2) {
    const Value& name = values_[dict.items[i]];
    if (name.kind == Kind::String && name.text == key) return &values_[dict.items[i + 1]];
  }
  return nullptr;
}

}  // namespace tvr
