#include "text/stop_words.h"

#include <algorithm>
#include <iterator>

#include "text/tokenizer.h"

namespace tvr {
namespace {

/// Sorted. Halves of words ("don", "t") are what the tokenizer makes of a typographic apostrophe.
constexpr std::string_view kStopWords[] = {
    "a",         "about",      "above",      "across",       "actually",
    "after",     "afterwards", "again",      "against",      "ago",
    "ah",        "ain't",      "all",        "almost",       "along",
    "already",   "alright",    "also",       "although",     "always",
    "am",        "among",      "an",         "and",          "another",
    "any",       "anybody",    "anyhow",     "anyone",       "anything",
    "anyway",    "anyways",    "anywhere",   "are",          "aren",
    "aren't",    "around",     "as",         "aside",        "at",
    "away",      "basically",  "be",         "became",       "because",
    "become",    "becomes",    "been",       "before",       "beforehand",
    "behind",    "being",      "below",      "beside",       "besides",
    "between",   "beyond",     "bit",        "both",         "but",
    "by",        "bye",        "can",        "can't",        "cannot",
    "channel",   "comment",    "comments",   "cool",         "could",
    "couldn",    "couldn't",   "d",          "did",          "didn",
    "didn't",    "do",         "does",       "doesn",        "doesn't",
    "doing",     "don",        "don't",      "done",         "dont",
    "down",      "during",     "each",       "either",       "else",
    "elsewhere", "em",         "enough",     "episode",      "er",
    "etc",       "even",       "ever",       "every",        "everybody",
    "everyone",  "everything", "everywhere", "except",       "few",
    "folks",     "for",        "forget",     "from",         "further",
    "go",        "goes",       "going",      "gone",         "gonna",
    "got",       "gotta",      "guess",      "guys",         "had",
    "hadn",      "hadn't",     "has",        "hasn",         "hasn't",
    "have",      "haven",      "haven't",    "having",       "he",
    "he'd",      "he'll",      "he's",       "hello",        "hence",
    "her",       "here",       "hers",       "herself",      "hey",
    "hi",        "him",        "himself",    "his",          "hmm",
    "hope",      "how",        "how's",      "however",      "i",
    "i'd",       "i'll",       "i'm",        "i'mma",        "i've",
    "if",        "im",         "in",         "indeed",       "instead",
    "into",      "is",         "isn",        "isn't",        "it",
    "it'd",      "it'll",      "it's",       "its",          "itself",
    "just",      "kind",       "kinda",      "know",         "least",
    "lemme",     "less",       "let",        "let's",        "lets",
    "like",      "literally",  "little",     "ll",           "lot",
    "lots",      "m",          "many",       "may",          "maybe",
    "me",        "mean",       "means",      "mhm",          "might",
    "mine",      "mm",         "more",       "moreover",     "most",
    "mostly",    "much",       "must",       "mustn",        "mustn't",
    "my",        "myself",     "namely",     "near",         "nearly",
    "needn't",   "neither",    "never",      "nevertheless", "no",
    "nobody",    "none",       "nor",        "not",          "nothing",
    "now",       "nowhere",    "obviously",  "of",           "off",
    "often",     "oh",         "ok",         "okay",         "on",
    "once",      "one",        "ones",       "only",         "onto",
    "or",        "other",      "others",     "otherwise",    "our",
    "ours",      "ourselves",  "out",        "over",         "own",
    "per",       "perhaps",    "please",     "pretty",       "probably",
    "quite",     "rather",     "re",         "really",       "right",
    "s",         "same",       "say",        "saying",       "see",
    "several",   "shall",      "she",        "she'd",        "she'll",
    "she's",     "should",     "shouldn",    "shouldn't",    "since",
    "so",        "some",       "somebody",   "somehow",      "someone",
    "something", "sometime",   "sometimes",  "somewhere",    "sort",
    "still",     "stuff",      "subscribe",  "subscribed",   "such",
    "sure",      "t",          "talk",       "talking",      "tell",
    "than",      "thank",      "thanks",     "that",         "that'd",
    "that'll",   "that's",     "the",        "their",        "theirs",
    "them",      "themselves", "then",       "thence",       "there",
    "there'd",   "there'll",   "there's",    "thereby",      "therefore",
    "these",     "they",       "they'd",     "they'll",      "they're",
    "they've",   "thing",      "things",     "think",        "this",
    "those",     "though",     "through",    "throughout",   "thus",
    "to",        "today",      "together",   "too",          "toward",
    "towards",   "try",        "tutorial",   "uh",           "uhm",
    "um",        "under",      "unless",     "until",        "unto",
    "up",        "upon",       "us",         "ve",           "very",
    "via",       "video",      "videos",     "wanna",        "want",
    "wanted",    "wants",      "was",        "wasn",         "wasn't",
    "watch",     "watching",   "we",         "we'd",         "we'll",
    "we're",     "we've",      "welcome",    "well",         "went",
    "were",      "weren",      "weren't",    "what",         "what'll",
    "what're",   "what's",     "whatever",   "when",         "when's",
    "whenever",  "where",      "where's",    "whereas",      "wherever",
    "whether",   "which",      "whichever",  "while",        "who",
    "who'd",     "who'll",     "who's",      "whoa",         "whoever",
    "whole",     "whom",       "whose",      "why",          "why's",
    "will",      "with",       "within",     "without",      "won't",
    "would",     "wouldn",     "wouldn't",   "wow",          "ya",
    "yea",       "yeah",       "yep",        "yes",          "yet",
    "you",       "you'd",      "you'll",     "you're",       "you've",
    "your",      "yours",      "yourself",   "yourselves",
};

}  // namespace

bool is_stop_word(std::string_view word) {
  std::string lower(word);
  for (char& letter : lower)
    letter = letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter + 'a' - 'A') : letter;
  return std::binary_search(std::begin(kStopWords), std::end(kStopWords), std::string_view(lower));
}

std::string without_stop_words(std::string_view text) {
  std::string kept;
  for (const std::string& word : tokenize(text)) {
    if (is_stop_word(word)) continue;
    if (!kept.empty()) kept += ' ';
    kept += word;
  }
  return kept;
}

}  // namespace tvr
