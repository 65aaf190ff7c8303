"""The plain text of what LaTeX marks up: signs, Greek letters, sub- and superscripts."""

import re

_GREEK_WORDS = """
alpha=α beta=β gamma=γ delta=δ epsilon=ε zeta=ζ eta=η theta=θ kappa=κ lambda=λ mu=μ nu=ν xi=ξ pi=π rho=ρ sigma=σ tau=τ phi=φ
chi=χ psi=ψ omega=ω Gamma=Γ Delta=Δ Theta=Θ Lambda=Λ Xi=Ξ Pi=Π Sigma=Σ Phi=Φ Psi=Ψ Omega=Ω varepsilon=ε vartheta=θ varphi=φ
"""
_GREEK = {name: letter for name, _, letter in (word.partition("=") for word in _GREEK_WORDS.split())}
_SIGNS = {
    r"\pm": "±", r"\times": "×", r"\cdot": "·", r"\leq": "≤", r"\le": "≤", r"\geq": "≥", r"\ge": "≥", r"\sim": "~", r"\approx": "≈",
    r"\AA": "Å", r"\angstrom": "Å", r"\degree": "°", r"\circ": "°", r"\mathring{A}": "Å", r"\celsius": "°C", r"\textmu": "μ",
    r"\ldots": "…", r"\dots": "…", r"\cdots": "…", r"\textdegree": "°", r"\infty": "∞", r"\dagger": "†", r"\ddagger": "‡",
    r"\textdagger": "†", r"\%": "%", r"\&": "&", r"\_": "_", r"\#": "#", r"\$": "$", r"\bar": "-", r"\overline": "-",
}  # fmt: skip
_SIGN = re.compile(
    "|".join(
        re.escape(sign) + (r"(?![A-Za-z])" if sign[-1].isalpha() else "")
        for sign in sorted(_SIGNS, key=len, reverse=True)
    )
)
_WRAPPERS = re.compile(
    r"\\(?:textbf|textit|emph|text|textrm|textsc|texttt|mathrm|mathbf|mathit|mathsf|rm|bf|it|ce|chemform|underline|mbox|hbox|"
    r"boldsymbol|bm|num|unit|si|makecell|thead|shortstack|operatorname|textsuperscript|tnote|textsubscript)\s*(?:\[[^\]]*\])?\{([^{}]*)\}"
)


def latex_plain(text: str) -> str:
    """The text of a cell without commands: subscripts as digits, powers behind `^`, signs as characters."""
    text = re.sub(r"\\(?:cite[a-z]*|ref|label|footnote[a-z]*|tablenotemark)\s*(?:\[[^\]]*\])*\{[^{}]*\}", "", text)
    text = re.sub(
        r"\\SI\{([^{}]*)\}\{([^{}]*)\}|\\qty\{([^{}]*)\}\{([^{}]*)\}", lambda m: f"{m[1] or m[3]} {m[2] or m[4]}", text
    )
    text = re.sub(r"\^\s*\{?\s*\\circ\s*\}?", "°", text)
    text = re.sub(r"\\(?:bar|overline)\s*\{\s*(\d)\s*\}|\\bar\s*(\d)", lambda m: f"-{m[1] or m[2]}", text)
    for _ in range(4):
        text, changed = _WRAPPERS.subn(r"\1", text)
        text, more = re.subn(r"_\{([^{}]*)\}|_([A-Za-z\d])", lambda m: m[1] if m[1] is not None else m[2], text)
        text, raised = re.subn(r"\^\{([^{}]*)\}", r"^\1", text)
        if not changed + more + raised:
            break
    text = _SIGN.sub(lambda m: _SIGNS[m[0]], text)
    text = re.sub(r"\\([A-Za-z]+)\s?", lambda m: _GREEK.get(m[1], ""), text)
    text = re.sub(r"\\[,;:! ]|~", " ", text).replace("\\\\", " ")
    text = re.sub(r"[{}$]", "", text).replace("--", "–") if text.strip("- ") else text
    return " ".join(text.split())
