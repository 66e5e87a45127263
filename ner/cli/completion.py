"""Prints what makes a shell complete the names of commands, flags, their values, and flagfiles.

    source <(albert-ner completion bash)     # in ~/.bashrc
    source <(albert-ner completion zsh)      # in ~/.zshrc, after compinit

A version of the package that has other flags needs a shell that was started since.
"""

import dataclasses
import importlib
from typing import Optional

from albert.errors import FieldError
from albert.fields import Range, check_fields, setting, settings_of
from ner.cli import flagfiles

HELP = "print the completion for a shell"
SHELLS = ("bash", "zsh")


@dataclasses.dataclass(frozen=True)
class CompletionCommand:
    """Settings of a completion."""

    shell: Optional[str] = setting(None, "bash or zsh.", choices=SHELLS, arguments="SHELL")

    def __post_init__(self):
        check_fields(self)
        if self.shell is None:
            raise FieldError("{shell}: not given, expected one of {}", ", ".join(SHELLS))


SETTINGS = CompletionCommand

# A word that ends in "=" waits for its value. bash takes words apart at "=", so that only what comes after it is completed.
_BASH = """\
_albert_ner() {{
  local current="${{COMP_WORDS[COMP_CWORD]}}" before="${{COMP_WORDS[COMP_CWORD-1]}}" flag="" words=""
  COMPREPLY=()
  if [[ $current == "=" ]]; then flag="$before"; current=""
  elif [[ $before == "=" ]]; then flag="${{COMP_WORDS[COMP_CWORD-2]}}"; fi
  if [[ $COMP_CWORD -eq 1 ]]; then words="{commands} --help --version"
  elif [[ -n $flag ]]; then
    case "${{COMP_WORDS[1]}} $flag" in
{values}
      *" --flagfile") words="{flagfiles}" ;;
    esac
  elif [[ $current == -* ]]; then
    case "${{COMP_WORDS[1]}}" in
{flags}
    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  if [[ $COMP_CWORD -gt 1 && ( ${{#COMPREPLY[@]}} -eq 0 || $flag == --flagfile ) ]]; then COMPREPLY+=($(compgen -f -- "$current")); fi
  if [[ ${{#COMPREPLY[@]}} -eq 1 && ${{COMPREPLY[0]}} == *= ]]; then compopt -o nospace; fi
}}
complete -o filenames -F _albert_ner albert-ner"""

_ZSH = """\
_albert_ner() {{
  local -a words_here
  local word="$words[CURRENT]"
  if (( CURRENT == 2 )); then words_here=({commands} --help --version); compadd -a words_here; return; fi
  if [[ $word == --*=* ]]; then
    compset -P '*='
    case "$words[2] ${{word%%=*}}" in
{values}
      *" --flagfile") words_here=({flagfiles}); compadd -a words_here; _files ;;
      *) _files ;;
    esac
    [[ ${{#words_here}} -gt 0 ]] && compadd -a words_here
  elif [[ $word == -* ]]; then
    case "$words[2]" in
{flags}
    esac
    compadd -S '' -a words_here
  else
    _files
  fi
}}
compdef _albert_ner albert-ner"""


def run(settings: CompletionCommand) -> None:
    """Print the script."""
    from ner.cli.main import find_commands  # noqa: PLC0415 - it is what runs this

    names = list(find_commands())
    fields = {name: list(settings_of(importlib.import_module(f"ner.cli.{name.replace('-', '_')}").SETTINGS)) for name in names}
    script, assign = (_BASH, 'words="{}"') if settings.shell == "bash" else (_ZSH, "words_here=({})")
    values = [
        f'      "{name} --{field.name}") {assign.format(" ".join(map(str, choices)))} ;;'
        for name in names
        for field, _ in fields[name]
        for choices in [field.metadata.get("range", Range()).list_choices()]
        if choices
    ]
    flags = [f"      {name}) {assign.format(' '.join([*_flags(fields[name]), '--flagfile=', '--help']))} ;;" for name in names]
    print(
        script.format(
            commands=" ".join(names), values="\n".join(values), flags="\n".join(flags), flagfiles=" ".join(sorted(flagfiles.names()))
        )
    )


def _flags(fields):
    for field, kind in sorted(fields, key=lambda pair: pair[0].name):
        yield from (f"--{field.name}", f"--no{field.name}") if kind is bool else (f"--{field.name}=",)
