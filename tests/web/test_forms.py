"""What people type, checked field by field."""

import pytest

from app.domain.ids import CustomerId
from app.domain.records import NewCustomer
from app.web import forms


def test_room_form_tidies_what_it_takes() -> None:
    """Spaces are tidied, line ends are plain, nobody is no customer."""
    data = {
        "title": "  The \t printer ",
        "passcode": " 47 11 ",
        "description": " Paper\r\njam ",
        "customer_id": "",
    }
    assert forms.room(data) == forms.RoomForm(
        "The printer", "47 11", "Paper\njam", None
    )


def test_room_form_keeps_its_customer() -> None:
    """The customer is taken over as it is; whether it exists is seen elsewhere."""
    form = forms.room({"title": "A", "passcode": "4711", "customer_id": "c"})
    assert isinstance(form, forms.RoomForm)
    assert form.customer_id == CustomerId("c")


def test_form_without_anything_names_what_is_required() -> None:
    """Missing fields are empty fields; optional ones may be missing."""
    assert set(errors(forms.room({}))) == {"title", "passcode"}
    assert set(errors(forms.customer({}, "id"))) == {"name", "phone"}
    assert set(errors(forms.visitor({}, "id"))) == {"name", "phone", "passcode"}


def test_visitor_form_takes_any_passcode() -> None:
    """A short passcode is wrong, not malformed: nothing is told about the right one."""
    data = {"name": "Budi", "phone": "081234567890", "passcode": "1"}
    assert forms.visitor(data, "id") == forms.VisitorForm("Budi", "+6281234567890", "1")


def test_customer_form_leaves_out_what_is_empty() -> None:
    """No e-mail and no reference are None, not empty texts."""
    data = {"name": "Budi", "phone": "+6281234567890", "email": " ", "reference": ""}
    assert forms.customer(data, "id") == NewCustomer("Budi", "+6281234567890")


@pytest.mark.parametrize(
    ("text", "country", "number"),
    [
        ("0812-3456-7890", "id", "+6281234567890"),
        ("+62 812 3456 7890", "us", "+6281234567890"),
        ("(201) 555-0123", "us", "+12015550123"),
        ("٠٨١٢٣٤٥٦٧٨٩٠", "id", "+6281234567890"),
    ],
)
def test_phone_is_taken_however_it_is_written(
    text: str, country: str, number: str
) -> None:
    """A phone comes out in E.164, read in the country's own way where it has no +."""
    assert forms.phone(text, country) == number


@pytest.mark.parametrize(
    "text",
    ["", "12", "+62", "+999 1234567", "0812 call me", "x" * 10_000, "+62\u202e812"],
)
def test_phone_that_cannot_be_is_refused(text: str) -> None:
    """What is no number is refused, however long or odd it is."""
    with pytest.raises(ValueError, match=r"\w"):
        forms.phone(text, "id")


@pytest.mark.parametrize("country", ["id", "us", "zz"])
def test_phone_error_gives_an_example(country: str) -> None:
    """The example is a number of the service's own country, if there is one."""
    with pytest.raises(ValueError, match=r"\+\d+"):
        forms.phone("12", country)


@pytest.mark.parametrize(
    "name", ["Nguyễn Văn A", "O'Connor-Smith", "محمد", "می‌خواهم", "👩‍💻 Support", "李"]
)
def test_names_of_the_world_are_taken(name: str) -> None:
    """Any script is fine, joiners within words included."""
    assert forms.line(name) == name


@pytest.mark.parametrize(
    "mark", ["\x00", "\x1b", "\u202e", "\u2066", "\ufeff", "\u200b"]
)
def test_invisible_marks_are_refused(mark: str) -> None:
    """Marks that hide or turn around text are not taken, in lines and paragraphs."""
    for read in (forms.line, forms.paragraphs):
        with pytest.raises(ValueError, match="cannot be shown"):
            read(f"a{mark}b")


def test_text_is_normalised() -> None:
    """The same letters are the same text, however they were typed."""
    assert forms.line("Jose\u0301") == "José"


@pytest.mark.parametrize(
    "text", ["a@b", "first.last+tag@sub.example.com", "ü@ü.id", ""]
)
def test_email_that_can_be_is_taken(text: str) -> None:
    """Whether an address works, only a message can tell."""
    assert forms.email(text) == text


@pytest.mark.parametrize("text", ["a", "a@", "@b", "a@b@c", "a b@c", "a@.b", "a@b..c"])
def test_email_that_cannot_be_is_refused(text: str) -> None:
    """Without one @ between two parts it is no address."""
    with pytest.raises(ValueError, match="e-mail"):
        forms.email(text)


def errors(form: object) -> forms.Errors:
    """The errors of a form that must have some."""
    assert isinstance(form, dict)
    return form
