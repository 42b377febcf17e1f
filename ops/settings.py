"""Every setting, its unit and its default: `MENTORAT_<NAME>`, or a file of that name among the secrets.

An empty address means the embedded server, started and watched by `mentorat up`.
"""

from __future__ import annotations

import re
from functools import cached_property
from pathlib import Path
from typing import Final, Literal

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from ops.private import SHORTEST, read
from ops.reference import academies

SECRETS = Path("/run/secrets")
_DOTTED: Final = r"[^\s@<>,;=.]+(\.[^\s@<>,;=.]+)*"
_MAILBOX: Final = re.compile(rf"(academie|drafpic):(?P<code>[0-9]{{2}})={_DOTTED}@{_DOTTED}")


def _listed(told: str) -> list[str]:
    return [one.strip() for one in told.split(",") if one.strip()]


class Settings(BaseSettings):
    """Read once by the composition root. Documented in docs/reglages.md: a test holds both together."""

    model_config = SettingsConfigDict(
        env_prefix="MENTORAT_", extra="ignore", secrets_dir=SECRETS if SECRETS.is_dir() else None
    )

    home: Path = Field(Path("var"), description="Dossier des données, des journaux et des secrets.")
    host: str = Field("127.0.0.1", description="Adresse d'écoute de l'API.")
    port: int = Field(8000, ge=0, le=65535, description="Port de l'API. 0 : un port libre, dit au démarrage.")
    trusted_proxies: str = Field(
        "",
        description="Adresses des mandataires dont X-Forwarded-For est cru, séparées par des virgules. "
        "Vide : aucun.",
    )
    environment: Literal["development", "production"] = Field(
        "development", description="En production, l'horloge du domaine ne se déplace pas."
    )
    dsn_owner: str = Field("", description="DSN du propriétaire (migrations). Vide : PostgreSQL embarqué.")
    dsn_app: str = Field("", description="DSN du rôle mentorat_app. Vide : déduit du serveur embarqué.")
    dsn_projector: str = Field("", description="DSN du rôle mentorat_projector. Vide : déduit.")
    temporal_address: str = Field("", description="Adresse gRPC de Temporal. Vide : Temporal embarqué.")
    temporal_namespace: str = Field("default", description="Espace de noms Temporal.")
    task_queue: str = Field("mentorat", description="File de tâches Temporal.")
    horizon_days: int = Field(
        400, ge=1, description="Un processus vit tant qu'une échéance tombe dans ce nombre de jours."
    )
    sweep_seconds: float = Field(30.0, gt=0, description="Intervalle du balayage des échéances, en secondes.")
    pool_size: int = Field(8, ge=1, description="Connexions PostgreSQL par processus et par rôle.")
    digest_key: str = Field(
        "",
        description="Clé des empreintes, 32 caractères au moins. Vide : créée dans le dossier.",
    )
    dsn_keyring: str = Field(
        "", description="DSN du trousseau, hors de la base. Vide : un fichier du dossier."
    )
    master_key: str = Field("", description="Clé maîtresse du trousseau. Vide : créée dans le dossier.")
    key_cache_seconds: float = Field(
        2.0,
        gt=0,
        le=60,
        description="Durée de vie d'une clé en mémoire, en secondes : un effacement l'attend.",
    )
    audit_key: str = Field(
        "", description="Clé qui signe les points de contrôle. Vide : créée dans le dossier."
    )
    checkpoint_minutes: float = Field(
        60.0, gt=0, description="Intervalle entre deux points de contrôle, en minutes."
    )
    checkpoint_folder: str = Field(
        "", description="Dossier où pousser aussi les points de contrôle (autre machine). Vide : aucun."
    )
    checkpoint_url: str = Field("", description="Adresse où les pousser par PUT. Vide : aucune.")
    checkpoint_token: str = Field("", description="Jeton présenté à cette adresse.")
    checkpoint_mailbox: str = Field("", description="Boîte où les envoyer. Vide : aucune.")
    mail_host: str = Field("", description="Serveur SMTP. Vide : les relances vont dans un dossier.")
    mail_port: int = Field(587, description="Port SMTP.")
    mail_user: str = Field("", description="Compte SMTP.")
    mail_password: str = Field("", description="Mot de passe SMTP.")
    mail_starttls: bool = Field(True, description="Chiffrer la liaison SMTP par STARTTLS.")
    mail_sender: str = Field("mentorat@localhost", description="Expéditeur des relances.")
    mail_academies: str = Field(
        "",
        description="Boîtes des académies et de leurs Drafpic : « academie:10=…, drafpic:10=… ». Vide : "
        "aucune, et rien ne leur part par SMTP.",
    )

    @field_validator("home", mode="before")
    @classmethod
    def _somewhere(cls, home: object) -> object:
        if not str(home).strip():
            raise ValueError("vide")
        return home

    @field_validator("digest_key")
    @classmethod
    def _long_enough(cls, key: str) -> str:
        if key and len(key) < SHORTEST:
            raise ValueError("trop courte")
        return key

    @field_validator("mail_academies")
    @classmethod
    def _mailboxes_told(cls, told: str) -> str:
        known, keys = {one.code for one in academies()}, set[str]()
        for one in _listed(told):
            if not (written := _MAILBOX.fullmatch(one)):
                raise ValueError(f"« {one} » : une boîte s'écrit academie:10=a@b.fr ou drafpic:10=a@b.fr")
            if written["code"] not in known:
                raise ValueError(f"« {one} » : aucune académie ne porte le code {written['code']}")
            if (key := one.partition("=")[0]) in keys:
                raise ValueError(f"« {key} » a deux boîtes : n'en gardez qu'une")
            keys.add(key)
        return told

    @property
    def mailboxes(self) -> dict[str, str]:
        """Of the académies and their Drafpic, by their keys (``drafpic:10``)."""
        return {key: box for key, _, box in (one.partition("=") for one in _listed(self.mail_academies))}

    @property
    def embedded_postgres(self) -> bool:
        return not self.dsn_app

    @property
    def embedded_temporal(self) -> bool:
        return not self.temporal_address

    @property
    def production(self) -> bool:
        return self.environment == "production"

    @property
    def tokens_file(self) -> Path:
        """One token a role, for the walk of the README (mode 600)."""
        return self.home / "demo-tokens.json"

    @property
    def stack_file(self) -> Path:
        """Where a running stack listens: other commands find it here (mode 600)."""
        return self.home / "stack.json"

    @property
    def outbox(self) -> Path:
        return self.home / "outbox"

    @property
    def keyring_file(self) -> Path:
        """The embedded keyring: not in the database, nor in its backups."""
        return self.home / "keyring" / "keyring.sqlite"

    @property
    def digest_file(self) -> Path:
        """What recognises a person, and a demand that comes again: not in the database either."""
        return self.home / "digest.key"

    @property
    def master_file(self) -> Path:
        return self.home / "secrets" / "master.key"

    @property
    def audit_key_file(self) -> Path:
        return self.home / "secrets" / "audit.key"

    @property
    def audit_pub(self) -> Path:
        """The public key of the checkpoints, for whoever verifies."""
        return self.home / "audit.pub"

    @property
    def checkpoints(self) -> Path:
        """Every checkpoint published: kept outside PostgreSQL."""
        return self.home / "audit" / "checkpoints"

    @property
    def erasures(self) -> Path:
        """The journal of erasures (ids only): what a restore applies again."""
        return self.home / "audit" / "erasures"

    @property
    def documents(self) -> Path:
        """The files handed in, each sealed under its record's key."""
        return self.home / "documents"

    @property
    def logs(self) -> Path:
        return self.home / "logs"

    @cached_property
    def digest_secret(self) -> bytes:
        return (self.digest_key or read(self.digest_file)).encode()
