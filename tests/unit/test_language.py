"""The language of an article is found from its text and its source, and left out where there is none."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processors.enrichers.draft import Draft
from processors.enrichers.language import LANGUAGE, declared_language
from schemas.article import RawArticle
from schemas.identity import article_id

# One news-like sentence in each of 34 languages, written for this test.
SENTENCES = {
    "ar": "قال وزير الخارجية يوم الاثنين إن المحادثات ستستمر في جنيف",
    "bg": "Министърът заяви в понеделник, че преговорите ще продължат в Женева",
    "bn": "পররাষ্ট্রমন্ত্রী সোমবার বলেছেন যে জেনেভায় আলোচনা চলবে",
    "cs": "Ministr zahraničí v pondělí uvedl, že jednání v Ženevě budou pokračovat",
    "da": "Udenrigsministeren sagde mandag, at forhandlingerne fortsætter i Genève",
    "de": "Der Außenminister sagte am Montag, die Gespräche in Genf würden fortgesetzt",
    "el": "Ο υπουργός Εξωτερικών δήλωσε τη Δευτέρα ότι οι συνομιλίες θα συνεχιστούν",
    "en": "The foreign minister said on Monday that the talks in Geneva would go on",
    "es": "El ministro de Exteriores dijo el lunes que las conversaciones seguirán",
    "fa": "وزیر امور خارجه روز دوشنبه گفت که گفت‌وگوها در ژنو ادامه خواهد یافت",
    "fi": "Ulkoministeri sanoi maanantaina, että neuvottelut jatkuvat Genevessä",
    "fr": "Le ministre des Affaires étrangères a déclaré lundi que les pourparlers continueraient",
    "he": "שר החוץ אמר ביום שני כי השיחות בז'נבה יימשכו",
    "hi": "विदेश मंत्री ने सोमवार को कहा कि जिनेवा में बातचीत जारी रहेगी",
    "hr": "Ministar vanjskih poslova rekao je u ponedjeljak da će se pregovori nastaviti tijekom idućeg tjedna",
    "hu": "A külügyminiszter hétfőn azt mondta, hogy a genfi tárgyalások folytatódnak",
    "id": "Menteri luar negeri mengatakan pada hari Senin bahwa pembicaraan akan terus berlanjut karena penting",
    "it": "Il ministro degli Esteri ha detto lunedì che i colloqui di Ginevra continueranno",
    "ja": "外務大臣は月曜日、ジュネーブでの協議を続けると述べた",
    "ko": "외무장관은 월요일 제네바에서 회담이 계속될 것이라고 말했다",
    "nl": "De minister van Buitenlandse Zaken zei maandag dat de gesprekken doorgaan",
    "no": "Utenriksministeren sa mandag at samtalene i Genève skal fortsette denne uken",
    "pl": "Minister spraw zagranicznych powiedział w poniedziałek, że rozmowy będą kontynuowane",
    "pt": "O ministro das Relações Exteriores disse na segunda-feira que as negociações não vão parar",
    "ro": "Ministrul de externe a declarat luni că discuțiile de la Geneva vor continua",
    "ru": "Министр иностранных дел заявил в понедельник, что переговоры продолжатся",
    "sk": "Minister zahraničných vecí v pondelok uviedol, že rokovania budú pokračovať",
    "sr": "Министар спољних послова рекао је у понедељак да ће се преговори наставити",
    "sv": "Utrikesministern sade på måndagen att samtalen i Genève ska fortsätta",
    "th": "รัฐมนตรีต่างประเทศกล่าวเมื่อวันจันทร์ว่าการเจรจาจะดำเนินต่อไป",
    "tr": "Dışişleri bakanı pazartesi günü Cenevre'deki görüşmelerin süreceğini söyledi",
    "uk": "Міністр закордонних справ заявив у понеділок, що переговори триватимуть",
    "vi": "Bộ trưởng ngoại giao hôm thứ Hai cho biết các cuộc đàm phán sẽ tiếp tục",
    "zh": "外交部长星期一表示，日内瓦的会谈将继续进行",
}  # fmt: skip


def detected(text: str, title: str = "", declared: str | None = None) -> Draft:
    """The draft of an article with this text after the enricher has run."""
    raw = RawArticle(
        id=article_id(None, text),
        source="wire",
        origin="",
        content=text,
        language=declared,
        fetched_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
    return LANGUAGE.run(Draft(raw=raw, title=title, text=text))


@pytest.mark.parametrize("code", SENTENCES)
def test_one_sentence_is_enough(code: str) -> None:
    """A single sentence of news has its language, and a confidence in it."""
    found = detected(SENTENCES[code])
    assert found.language == code
    assert found.language_confidence is not None
    assert 0 < found.language_confidence <= 1


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n",
        "12345 67.8 %",
        "😀 🎉",
        "https://example.com/a-long-story-about-the-talks-in-geneva",
        "desk@example.com",
        "—…!?",
    ],
)
@pytest.mark.parametrize("declared", [None, "en"])
def test_text_without_words_has_no_language(text: str, declared: str | None) -> None:
    """Digits, emoji, signs and addresses have no language, whatever the source declared."""
    found = detected(text, declared=declared)
    assert (found.language, found.language_confidence) == (None, None)


@pytest.mark.parametrize(
    "text", ["Reuters", "BBC CNN NATO", "AAPL 172.3 MSFT 410.2 GOOG 140.1", "xkcd qjzk wvpt bnmr ghdl zzqk"]
)
def test_no_language_is_guessed_from_too_little(text: str) -> None:
    """Names, tickers and gibberish are left without a language rather than given a wrong one."""
    assert detected(text).language is None


@pytest.mark.parametrize(
    ("code", "declared", "expected"),
    [
        ("pt", "pt-BR", "pt-br"),
        ("pt", "pt_br", "pt-br"),
        ("pt", "pt-PT", "pt"),
        ("es", "pt-BR", "es"),
        ("en", "en-US", "en"),
        ("ru", "en", "ru"),
        ("zh", "zh-Hant-TW", "zh"),
        ("no", "nb-NO", "no"),
    ],
)
def test_declared_language_is_evidence_only(code: str, declared: str, expected: str) -> None:
    """A declared region stands where the text agrees, and a declared language that the text contradicts does not."""
    assert detected(SENTENCES[code], declared=declared).language == expected


def test_declared_language_decides_between_neighbours() -> None:
    """What could be Malay or Indonesian is what its source declared."""
    text = "Rakyat negara ini berhak mendapat perlindungan"
    assert detected(text, declared="ms").language == "ms"
    assert detected(text, declared="id").language == "id"


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("sr", "Predsednik je rekao da će se razgovori nastaviti sledeće nedelje i da će svi biti obavešteni o tome"),
        (
            "hr",
            "Predsjednik je rekao da će se razgovori nastaviti sljedeći tjedan i da će svi biti obaviješteni o tome",
        ),
        (
            "bs",
            "Za hiljadu ljudi u Sarajevu razgovori će se nastaviti sljedeće sedmice, saopćeno je nakon sjednice",
        ),
        ("ms", "Perdana Menteri berkata bahawa syarikat itu akan membayar kerana wang sudah ada"),
        ("id", "Perdana Menteri mengatakan bahwa perusahaan itu akan membayar karena uang sudah ada"),
    ],
)
def test_telling_words_decide_between_neighbours(code: str, text: str) -> None:
    """Languages that differ in few words are told apart by those."""
    assert detected(text).language == code


def test_chinese_characters_without_kana_may_be_declared_japanese() -> None:
    """A headline in Chinese characters alone is Chinese, unless its source says that it writes Japanese."""
    assert detected("東京都知事選挙").language == "zh"
    assert detected("東京都知事選挙", declared="ja").language == "ja"


def test_furniture_in_another_script_does_not_mislead() -> None:
    """An English line of furniture before a Russian story leaves it Russian."""
    assert detected(f"Share on Facebook\nRead more\n{SENTENCES['ru']}").language == "ru"


def test_title_is_read_too() -> None:
    """Where there is no text the title tells the language."""
    assert detected("", title=SENTENCES["de"]).language == "de"


def test_only_a_bounded_part_is_read() -> None:
    """Five million characters give what their sample gives, so what comes far behind does not count."""
    story = f"{SENTENCES['fr']}. " * 60_000
    assert detected(story).language == "fr"
    assert detected(f"{SENTENCES['fr']}. " * 200 + SENTENCES["en"]).language == "fr"


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        ("pt-BR", ("pt", "br")),
        ("zh-Hans-CN", ("zh", "cn")),
        ("iw", ("he", None)),
        ("nb_NO", ("no", "no")),
        ("", (None, None)),
        ("*", (None, None)),
        (None, (None, None)),
        ("English", (None, None)),
    ],
)
def test_language_tags_are_read(tag: str | None, expected: tuple[str | None, str | None]) -> None:
    """Language and region are read from BCP 47 tags and POSIX names; what is neither says nothing."""
    assert declared_language(tag) == expected


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=400), st.none() | st.text(max_size=12))
def test_any_text_is_survived(text: str, declared: str | None) -> None:
    """Any text and any declared language give a code with a confidence or neither, the same every time."""
    found = detected(text, declared=declared)
    assert found == detected(text, declared=declared)
    assert (found.language is None) == (found.language_confidence is None)
    assert found.language is None or any(unicodedata.category(character)[0] not in "ZPS" for character in text)
